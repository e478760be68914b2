/**
 * Builds a fresh generation of a read model beside the live one. Projecting runs in threads of its own, loading here:
 * two cores are in use, and the main thread serves.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { Fault } from '@anamnesis/kernel';
import { openReadStore } from '@anamnesis/read-store/embedded';
import type { FromRebuildThread, ThreadData, ToRebuildThread } from '../thread-messages.ts';
import { LoadGeneration } from './load-generation.ts';

/** So little is left that the live writer can be stopped for it. */
const CLOSE = 1_000;
const TELL_EVERY_MS = 100;

const data = workerData as ThreadData & { readonly projectors: number };
const port = parentPort!;
const tell = (message: FromRebuildThread): void => port.postMessage(message);

const reader = openEmbeddedReader({ folder: data.folder, head: data.head });
const store = openReadStore({ folder: join(data.folder, 'read'), board: data.board });
const script = new URL('./rebuild-projector-thread.ts', import.meta.url);
const projectors = Array.from({ length: data.projectors }, () => new Worker(script, { workerData: data }));
let told = 0;
let ending: Promise<void> | undefined;

function tellProgress(done: number): void {
  if (performance.now() - told < TELL_EVERY_MS) return;
  told = performance.now();
  tell({ progress: { done, total: reader.headSync() } });
}

async function rebuild(): Promise<void> {
  const writer = await store.build(data.model);
  const loading = new LoadGeneration(writer, projectors, () => reader.headSync(), tellProgress);
  await loading.reach(CLOSE);
  const answered = once(port, 'message');
  tell({ built: true });
  const [message] = (await answered) as [ToRebuildThread];
  if (!('swap' in message)) return;
  await loading.reach(0);
  await store.swap(data.model);
  const head = reader.headSync();
  tell({ progress: { done: head, total: head } });
  tell({ swapped: true });
}

function end(): Promise<void> {
  return (ending ??= (async () => {
    await Promise.all(projectors.map((projector) => projector.terminate()));
    await store.close();
    await reader.close();
    port.close();
  })());
}

port.on('message', (message: ToRebuildThread) => {
  if ('stop' in message) void end();
});
try {
  await rebuild();
} catch (error) {
  if (!ending) tell({ failed: error instanceof Fault ? error.code : 'rebuild-failed' });
} finally {
  await end();
}
