import { parentPort, workerData } from 'node:worker_threads';
import { ScanWork } from './scan-work.ts';
import { END, type ScanTask, type ScanThreadData } from './verify-messages.ts';

/** Scans chunks of a folder's log for `scanFolder`. */
const { folder, seed } = workerData as ScanThreadData;
const port = parentPort;
if (!port) throw new Error('This module runs in a worker thread.');
const work = new ScanWork(folder, seed);

port.on('message', (task: ScanTask | typeof END) => {
  if (task === END) {
    work.close();
    port.close();
    return;
  }
  const answer = work.run(task);
  if (answer.kind !== 'scanned') return port.postMessage(answer);
  const { streams, revisions, streamIds, recorded } = answer.report;
  port.postMessage(answer, [streams.buffer, revisions.buffer, streamIds.buffer, recorded.buffer] as ArrayBuffer[]);
});
