import { parentPort, workerData } from 'node:worker_threads';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { SealedJournalReader } from '@anamnesis/journal';
import { Fault } from '@anamnesis/kernel';
import { openEmbeddedKeyReader } from '@anamnesis/key-vault/embedded';
import { Sequencing } from './sequencing/sequencing.ts';
import type { AuditThreadData, FromAuditThread, ToAuditThread } from './sequencing/thread-messages.ts';

/** The sequencer's thread: reads the store itself, not the bus. */
const data = workerData as AuditThreadData;
const port = parentPort;
if (!port) throw new Error('This module runs in a worker thread.');
const tell = (message: FromAuditThread): void => port.postMessage(message);

async function run(): Promise<void> {
  const { folder, head } = data;
  const reader = openEmbeddedReader({ folder, ...(head ? { head } : {}) });
  const keys = await openEmbeddedKeyReader({ folder });
  try {
    const opener = new SealedJournalReader(reader, keys);
    const sequencing = new Sequencing(data, { reader, opener, now: () => Date.now() });
    port?.on('message', (message: ToAuditThread) => {
      if (message.kind === 'checkpoint') {
        void sequencing.checkpointAtHead().then((note) => tell({ kind: 'checkpoint', request: message.request, note }));
      } else sequencing[message.kind]();
    });
    tell({ kind: 'ready' });
    await sequencing.run();
  } finally {
    await keys.close();
    await reader.close();
  }
}

run()
  .catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    tell({ kind: 'failed', code: error.code, message: error.message, retryable: error.retryable });
  })
  .finally(() => port.close());
