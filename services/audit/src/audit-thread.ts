import { parentPort, workerData } from 'node:worker_threads';
import { SealedJournalReader } from '@anamnesis/journal';
import { Fault } from '@anamnesis/kernel';
import type { LogSourceModule } from './sequencing/log-source.ts';
import { Sequencing } from './sequencing/sequencing.ts';
import type { AuditThreadData, FromAuditThread, ToAuditThread } from './sequencing/thread-messages.ts';

/** The sequencer's thread: reads the store itself, not the bus. */
const data = workerData as AuditThreadData;
const port = parentPort;
if (!port) throw new Error('This module runs in a worker thread.');
const tell = (message: FromAuditThread): void => port.postMessage(message);

async function run(): Promise<void> {
  const { openLogSource } = (await import(data.source.module)) as LogSourceModule;
  const source = await openLogSource(data.source.options);
  try {
    const opener = new SealedJournalReader(source.reader, source.keys);
    const { raw, moved } = source;
    const sequencing = await Sequencing.open(data, { raw, opener, moved, now: () => Date.now() });
    port?.on('message', (message: ToAuditThread) => {
      if (message.kind === 'checkpoint') {
        void sequencing.checkpointAtHead().then((note) => tell({ kind: 'checkpoint', request: message.request, note }));
      } else sequencing[message.kind]();
    });
    tell({ kind: 'ready' });
    await sequencing.run();
  } finally {
    await source.close();
  }
}

run()
  .catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    tell({ kind: 'failed', code: error.code, message: error.message, retryable: error.retryable });
  })
  .finally(() => port.close());
