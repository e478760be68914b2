import { parentPort, workerData } from 'node:worker_threads';
import { type ChunkReport, type ScannedRow, scanChunk } from './chunk.ts';
import { LogSource } from './log-source.ts';
import type { ScanAnswer, ScanTask, ScanThreadData } from './verify-messages.ts';

/** Scans chunks of a folder's log for `verifyFolder`; has a connection of its own. */
const { folder, seed } = workerData as ScanThreadData;
const port = parentPort;
if (!port) throw new Error('This module runs in a worker thread.');
let source: LogSource | undefined;

function work(task: Exclude<ScanTask, { kind: 'end' }>): ScanAnswer {
  try {
    source ??= new LogSource(folder);
    if (task.kind === 'integrity') return { kind: 'integrity', sound: source.isSound() };
    return { kind: 'scanned', report: scan(source, task.first, task.count) };
  } catch {
    return { kind: 'unreadable', first: task.kind === 'scan' ? task.first : undefined };
  }
}

/** A damaged page ends the rows with an error; what came before it is still reported. */
function scan(from: LogSource, first: number, count: number): ChunkReport {
  let next = first;
  let broken = false;
  function* rows(): Generator<ScannedRow> {
    try {
      for (const row of from.rows(first, count)) {
        next = row.position + 1;
        yield row;
      }
    } catch {
      broken = true;
    }
  }
  const report = scanChunk(first, count, rows(), seed);
  return broken ? { ...report, faults: [...report.faults, { code: 'store-unreadable', position: next }] } : report;
}

port.on('message', (task: ScanTask) => {
  if (task.kind === 'end') {
    source?.close();
    port.close();
    return;
  }
  const answer = work(task);
  const handedOver =
    answer.kind !== 'scanned'
      ? []
      : [answer.report.streams, answer.report.revisions, answer.report.streamIds, answer.report.recorded];
  port.postMessage(answer, handedOver.map(({ buffer }) => buffer) as ArrayBuffer[]);
});
