import { createHmac } from 'node:crypto';
import type { Position } from '@anamnesis/kernel';
import type { mongo } from 'mongoose';
import { DURABLE, type Database, type Documents } from './database.ts';
import type { ModelState } from './model-state.ts';
import type { Pointer } from './pointer.ts';
import type { Erasure } from './schema.ts';

/** Documents of an erased subject that are taken at once. */
const AT_ONCE = 500;

/** What erasures left: nothing of the documents but their keyed hashes, with the position of the erasure. */
export class Erasures {
  readonly #database: Database;
  readonly #model: string;
  readonly #key: string;

  constructor(database: Database, { _id, seed }: Pick<ModelState, '_id' | 'seed'>) {
    this.#database = database;
    this.#model = _id;
    this.#key = seed.join(' ');
  }

  /** Under what the erasure of a subject is kept. */
  ofSubject(subject: string): string {
    return `${this.#model}/s/${subject}`;
  }

  /** Of a document, by `<type>/<id>`. */
  ofDocument(key: string): string {
    return `${this.#model}/d/${createHmac('sha256', this.#key).update(key).digest('base64url')}`;
  }

  async find(ids: readonly string[]): Promise<Map<string, Erasure>> {
    const erasures = await this.#database.erasures();
    const found = await erasures.find({ _id: { $in: [...ids] } }).toArray();
    return new Map(found.map((erasure) => [erasure._id, erasure]));
  }

  /**
   * From now on no writer takes what was said of the subject before. Answers the pointer's state after the erasure was
   * announced there, for writers that did not know of it yet; undefined when it was announced already, as it is
   * whenever the log is read again.
   */
  async record(subject: string, position: Position, pointer: Pointer): Promise<ModelState | undefined> {
    const erasures = await this.#database.erasures();
    const _id = this.ofSubject(subject);
    const recorded = await erasures.findOneAndUpdate(
      { _id },
      { $max: { pos: position } },
      { upsert: true, returnDocument: 'after', ...DURABLE },
    );
    if ((recorded?.announced ?? -1) >= position) return undefined;
    const state = await pointer.announceErasure();
    await erasures.updateOne({ _id }, { $max: { announced: position } }, DURABLE);
    return state;
  }

  /** Every document of the subject that is older than the erasure goes. */
  async take(documents: Documents, subject: string, position: Position): Promise<void> {
    const theirs = { sub: subject, pos: { $lt: position } };
    for (;;) {
      const found = await documents.find(theirs).project<Left>({ _id: 1, f: 1 }).limit(AT_ONCE).toArray();
      if (found.length === 0) return;
      await this.#remember(found, position);
      await documents.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...theirs }, DURABLE);
    }
  }

  async #remember(found: readonly Left[], position: Position): Promise<void> {
    const erasures = await this.#database.erasures();
    const remembered = found.map(({ _id, f }): mongo.AnyBulkWriteOperation<Erasure> => ({
      updateOne: {
        filter: { _id: this.ofDocument(_id) },
        update: { $max: { pos: position }, ...(f === undefined ? {} : { $min: { f } }) },
        upsert: true,
      },
    }));
    await erasures.bulkWrite(remembered, { ordered: false, ...DURABLE });
  }
}

interface Left {
  readonly _id: string;
  readonly f?: number;
}
