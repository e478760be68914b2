/** Reads, opens and projects stretches of the log for a rebuild, one after another as they are asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { SealedJournalReader } from '@anamnesis/journal';
import { EmbeddedKeyReader } from '@anamnesis/key-vault/embedded';
import { persist } from '../application/back-off.ts';
import { projectBatch } from '../application/project-batch.ts';
import type { ProjectedStretch, Stretch, ThreadData } from '../thread-messages.ts';
import { pack } from './packed-operations.ts';

const { folder, head, ownBases } = workerData as ThreadData;
const port = parentPort!;
const stopping = new AbortController();
const patience = { signal: stopping.signal, onWaiting: () => undefined };

const reader = openEmbeddedReader({ folder, head });
const keys = await EmbeddedKeyReader.open({ folder });
const opener = new SealedJournalReader(reader, keys);

let work = Promise.resolve();
port.on('message', (stretch: Stretch) => {
  work = work.then(() => projectStretch(stretch));
});

async function projectStretch({ from, to }: Stretch): Promise<void> {
  const { operations, events } = await persist(async () => {
    const read = await reader.readAll({ from, limit: to - from });
    const stored = read.filter(({ position }) => position <= to);
    return { operations: await projectBatch(stored, opener, { ownBases }), events: stored.length };
  }, patience);
  const packed = pack(operations);
  port.postMessage({ from, to, packed, events } satisfies ProjectedStretch, [packed.numbers.buffer]);
}
