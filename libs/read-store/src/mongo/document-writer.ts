import { mongo } from 'mongoose';
import { DURABLE, type Documents } from './database.ts';
import type { Erasures } from './erasures.ts';
import { DUPLICATE_KEY, unavailable } from './faults.ts';
import { foldOperations, keyOf, type DocumentOperation, type Folded } from './folded-operations.ts';
import { entryFields } from './indexed-fields.ts';
import type { Keys } from './keys.ts';
import type { StoredDocument } from './schema.ts';

/** What one bulk write carries at most. */
const BULK_OPERATIONS = 1_000;
const BULK_CHARACTERS = 4 * 1024 * 1024;

type Write = mongo.AnyBulkWriteOperation<StoredDocument>;

/** A write of one document, made once for all the generations that it goes to. */
interface Prepared {
  readonly folded: Folded;
  readonly update: Readonly<Record<string, unknown>>;
}

/** Writes documents, each only over what is older. */
export class DocumentWriter {
  readonly #keys: Keys;
  readonly #erasures: Erasures;

  constructor(keys: Keys, erasures: Erasures) {
    this.#keys = keys;
    this.#erasures = erasures;
  }

  /** `erasures`: whether there were any, ever. */
  async write(
    generations: readonly Documents[],
    operations: readonly DocumentOperation[],
    erasures: boolean,
  ): Promise<void> {
    for (const chunk of chunks(operations)) {
      const [applicable, refused, places] = erasures ? await this.#sift(chunk) : [chunk, [], NO_PLACES];
      const prepared = foldOperations(applicable).map((folded) => this.#prepare(folded, places));
      await Promise.all(generations.map((documents) => writeAll(documents, prepared, refused)));
    }
  }

  /** What was put before its subject, or the document itself, was erased stays erased. */
  async #sift(
    operations: readonly DocumentOperation[],
  ): Promise<[DocumentOperation[], DocumentOperation[], ReadonlyMap<string, number>]> {
    const asked = new Map(operations.map((operation) => [operation, this.#erasureIds(operation)]));
    const found = await this.#erasures.find([...new Set([...asked.values()].flat())]);
    const refused: DocumentOperation[] = [];
    const places = new Map<string, number>();
    const applicable = operations.filter((operation) => {
      const [document, subject] = asked.get(operation)!.map((id) => found.get(id));
      // The erasure was the document's last operation; of its subject it may be one of several at its position.
      const stands = operation.position > (document?.pos ?? -1) && operation.position >= (subject?.pos ?? 0);
      if (!stands) refused.push(operation);
      if (document?.f !== undefined) places.set(keyOf(operation), document.f);
      return stands;
    });
    return [applicable, refused, places];
  }

  #erasureIds(operation: DocumentOperation): string[] {
    const subject = 'put' in operation ? operation.put.subject : undefined;
    const document = this.#erasures.ofDocument(keyOf(operation));
    return subject === undefined ? [document] : [document, this.#erasures.ofSubject(subject)];
  }

  #prepare(folded: Folded, places: ReadonlyMap<string, number>): Prepared {
    const { key, newest, first } = folded;
    const place = Math.min(first ?? Infinity, places.get(key) ?? Infinity);
    const min = Number.isFinite(place) ? { $min: { f: place } } : {};
    if (!('put' in newest)) {
      // Its subject stays, or comes from a put that this batch has too, so that an erasure finds what was removed.
      const owner = folded.owner === undefined ? {} : { sub: folded.owner.subject };
      return { folded, update: { $set: { pos: newest.position, ...owner }, $unset: ABSENT, ...min } };
    }
    const { type, body, subject, lastUpdated, entries } = newest.put;
    const $set = {
      t: type,
      sub: subject ?? null,
      u: lastUpdated,
      pos: newest.position,
      b: body,
      ...entryFields(this.#keys, type, entries),
    };
    return { folded, update: { $set, ...min } };
  }
}

const NO_PLACES: ReadonlyMap<string, number> = new Map();
/** What a removed document no longer has. */
const ABSENT = { t: 1, u: 1, b: 1, k: 1, y: 1, s: 1, r: 1, c: 1, e: 1, o: 1, m: 1 } as const;

function* chunks(operations: readonly DocumentOperation[]): Generator<readonly DocumentOperation[]> {
  let from = 0;
  let characters = 0;
  for (const [index, operation] of operations.entries()) {
    characters += 'put' in operation ? operation.put.body.length + 100 * operation.put.entries.length : 0;
    if (index + 1 - from < BULK_OPERATIONS && characters < BULK_CHARACTERS) continue;
    yield operations.slice(from, index + 1);
    from = index + 1;
    characters = 0;
  }
  if (from < operations.length) yield operations.slice(from);
}

async function writeAll(
  documents: Documents,
  prepared: readonly Prepared[],
  refused: readonly DocumentOperation[],
): Promise<void> {
  const writes = prepared.map((one) => guardedWrite(one, true));
  // Written by a process that did not know of the erasure yet.
  const undo = refused.map((one): Write => ({ deleteOne: { filter: { _id: keyOf(one), pos: one.position } } }));
  const taken = await bulk(documents, [...writes, ...undo]);
  if (taken.length === 0) return;
  /*
   * Where an upsert met a document that it did not match, the operation is stale, or another writer's insertion came
   * in between: so once more, on the document that is there now. What is stale then may still be the document's first.
   */
  const again = taken.flatMap((index): Write[] => {
    const { folded, update } = prepared[index]!;
    const place = update['$min'] as { f: number } | undefined;
    const stands: Write = { updateOne: { filter: { _id: folded.key }, update: { $min: place ?? {} } } };
    return place === undefined
      ? [guardedWrite(prepared[index]!, false)]
      : [guardedWrite(prepared[index]!, false), stands];
  });
  await bulk(documents, again);
}

const guardedWrite = ({ folded, update }: Prepared, upsert: boolean): Write => ({
  updateOne: { filter: { _id: folded.key, pos: { $lt: folded.newest.position } }, update, upsert },
});

/** Answers which of the writes met a document that they did not match. */
async function bulk(documents: Documents, writes: readonly Write[]): Promise<number[]> {
  if (writes.length === 0) return [];
  try {
    await documents.bulkWrite([...writes], { ordered: false, ...DURABLE });
    return [];
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
    // An error of the driver itself comes wrapped.
    const inner: unknown = error.errorResponse;
    if (inner instanceof Error) throw inner;
    const failed = [error.writeErrors].flat();
    const other = failed.find(({ code }) => code !== DUPLICATE_KEY);
    if (other !== undefined) throw new mongo.MongoServerError({ code: other.code, message: 'a write was refused' });
    // Not on a majority yet: nobody knows whether it will stay.
    if (failed.length === 0 || error.result.getWriteConcernError() !== undefined) throw unavailable();
    return failed.map(({ index }) => index);
  }
}
