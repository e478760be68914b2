/**
 * Builds a fresh generation of a read model beside the live one. Projecting runs in threads of its own, loading here:
 * two cores are in use, and the main thread serves.
 */
import { join } from 'node:path';
import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { Fault } from '@anamnesis/kernel';
import type { ReadModelWriter } from '@anamnesis/read-store';
import { openReadStore } from '@anamnesis/read-store/embedded';
import type { FromRebuildThread, ProjectedStretch, ThreadData, ToRebuildThread } from '../thread-messages.ts';
import { unpack } from './packed-operations.ts';
import { Stretches } from './stretches.ts';

/** Stretches that a projecting thread has in hand: one to work on, the rest so that it never waits. */
const AHEAD = 3;
/** The live writer does the rest of the way after the swap, when no more than this is left. */
const CLOSE_ENOUGH = 1_000;
const TELL_EVERY_MS = 100;

const data = workerData as ThreadData & { readonly projectors: number };
const port = parentPort!;
const tell = (message: FromRebuildThread): void => port.postMessage(message);

const reader = openEmbeddedReader({ folder: data.folder, head: data.head });
const store = openReadStore({ folder: join(data.folder, 'read'), board: data.board });
const projectors = Array.from(
  { length: data.projectors },
  () => new Worker(new URL('./rebuild-projector-thread.ts', import.meta.url), { workerData: data }),
);
let stopped = false;

/** Resolves when the generation is close to the head. */
function load(writer: ReadModelWriter): Promise<void> {
  const stretches = new Stretches();
  let told = 0;
  return new Promise((resolve, reject) => {
    const give = (projector: Worker): void => {
      const stretch = stretches.next(reader.headSync());
      if (stretch) projector.postMessage(stretch);
      else if (reader.headSync() - stretches.taken <= CLOSE_ENOUGH) resolve();
    };
    const receive = async (projector: Worker, projected: ProjectedStretch): Promise<void> => {
      stretches.put(projected);
      for (let next = stretches.take(); next; next = stretches.take()) await writer.apply(unpack(next.packed), next.to);
      if (performance.now() - told > TELL_EVERY_MS) {
        told = performance.now();
        tell({ progress: { done: stretches.taken, total: reader.headSync() } });
      }
      if (!stopped) give(projector);
    };
    let work = Promise.resolve();
    for (const projector of projectors) {
      projector.on('error', reject);
      projector.on('exit', () => reject(new Fault('stopping', 'A projecting thread has ended.')));
      projector.on('message', (projected: ProjectedStretch) => {
        work = work.then(() => receive(projector, projected));
        work.catch(reject);
      });
      for (let i = 0; i < AHEAD; i += 1) give(projector);
    }
  });
}

async function rebuild(): Promise<void> {
  await load(await store.build(data.model));
  const head = reader.headSync();
  tell({ progress: { done: head, total: head } });
  const swapping = once(port, 'message');
  tell({ built: true });
  const [message] = (await swapping) as [ToRebuildThread];
  if (!('swap' in message)) return;
  await store.swap(data.model);
  tell({ swapped: true });
}

async function end(): Promise<void> {
  stopped = true;
  await Promise.all(projectors.map((projector) => projector.terminate()));
  await store.close();
  await reader.close();
  port.close();
}

port.on('message', (message: ToRebuildThread) => {
  if ('stop' in message) void end();
});
try {
  await rebuild();
} catch (error) {
  if (!stopped) tell({ failed: error instanceof Fault ? error.code : 'rebuild-failed' });
} finally {
  if (!stopped) await end();
}
