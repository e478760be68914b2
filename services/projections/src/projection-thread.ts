/** Keeps one read model up with the log. */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { SealedJournalReader } from '@anamnesis/journal';
import { EmbeddedKeyReader } from '@anamnesis/key-vault/embedded';
import { openReadStore } from '@anamnesis/read-store/embedded';
import { startTelemetry } from '@anamnesis/service';
import { traceApplied } from './application/trace-batch.ts';
import { followLog } from './application/follow-log.ts';
import type { FromProjectionThread, ThreadData, ToThread } from './thread-messages.ts';

const { folder, model, head, board, ownBases } = workerData as ThreadData;
const port = parentPort!;
const tell = (message: FromProjectionThread): void => port.postMessage(message);

const stopTelemetry = await startTelemetry(process.env);
const reader = openEmbeddedReader({ folder, head });
const keys = await EmbeddedKeyReader.open({ folder });
const store = openReadStore({ folder: join(folder, 'read'), board });
const following = await followLog({
  reader,
  opener: new SealedJournalReader(reader, keys),
  writer: await store.writer(model),
  onWaiting: (code) => tell({ waiting: code }),
  onApplied: (batch) => traceApplied(batch, model),
  ownBases,
});

port.on('message', (_message: ToThread) => void following.stop());
tell({ following: true });
try {
  await following.ended;
} finally {
  await store.close();
  await keys.close();
  await reader.close();
  await stopTelemetry();
  port.close();
}
