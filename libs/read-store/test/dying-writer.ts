import { parentPort, workerData } from 'node:worker_threads';
import { openReadStore } from '@anamnesis/read-store/embedded';

/** Writes, begins a build, and is never closed. */
const store = openReadStore({ folder: workerData as string });
const writer = await store.writer('clinical');
await writer.apply([], 1);
const build = await store.build('clinical');
await build.apply([{ remove: { type: 'Basic', id: 'a' }, position: 1 }], 1);
parentPort!.postMessage('writing');
setInterval(() => undefined, 1_000);
