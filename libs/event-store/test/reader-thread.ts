/** Follows a log from a worker thread or a process, and tells what it saw. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEmbeddedReader, type EmbeddedReaderOptions } from '@anamnesis/event-store/embedded';

const options = (workerData ?? JSON.parse(process.argv[2]!)) as EmbeddedReaderOptions & { until: number };
const tell = (text: string): void =>
  parentPort === null ? void process.stdout.write(`${text}\n`) : parentPort.postMessage(text);

const reader = openEmbeddedReader(options);
const seen: string[] = [];
const subscription = reader.subscribe({ from: 0 }, async (batch) => {
  seen.push(...batch.map(({ id }) => id));
  if (seen.length >= options.until) tell(seen.join());
});
if (reader.headSync() === 0) tell('ready');
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    if (seen.length < options.until) return;
    clearInterval(timer);
    resolve();
  }, 5);
});
await subscription.stop();
await reader.close();
