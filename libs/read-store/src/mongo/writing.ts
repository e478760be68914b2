import type { Operation } from '../port.ts';
import type { Documents } from './database.ts';
import type { DocumentWriter } from './document-writer.ts';
import type { Erasures } from './erasures.ts';
import { stretches } from './folded-operations.ts';
import type { ModelWatch } from './model-watch.ts';
import type { Pointer } from './pointer.ts';

/** What writes to a model need. */
export interface Writing {
  readonly pointer: Pointer;
  readonly watch: ModelWatch;
  readonly documents: DocumentWriter;
  readonly erasures: Erasures;
  collection(generation: number): Promise<Documents>;
}

/**
 * Writes to all the generations, in the order of erasures. `known`: how many erasures the writer knows of. Answers how
 * many there are with its own; undefined when somebody else's came between: it may concern what was written already,
 * so everything is to be written once more.
 */
export async function writeStretches(
  { pointer, documents, erasures }: Writing,
  generations: readonly Documents[],
  operations: readonly Operation[],
  known: number,
): Promise<number | undefined> {
  let count = known;
  for (const { documents: written, purge } of stretches(operations)) {
    await documents.write(generations, written, count > 0);
    if (purge === undefined) continue;
    const { subject } = purge.purge;
    const announced = await erasures.record(subject, purge.position, pointer);
    if (announced !== undefined && announced.erasures !== count + 1) return undefined;
    count = announced?.erasures ?? count;
    await Promise.all(generations.map((one) => erasures.take(one, subject, purge.position)));
  }
  return count;
}
