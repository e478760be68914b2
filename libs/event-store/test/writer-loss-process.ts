/**
 * Ends the store's own writer thread under it and prints what then happens, a line each. A process of its own, because
 * the `process` that jest shows to a test does not tell of the threads that are started.
 */
import type { Worker } from 'node:worker_threads';
import { newId } from '@anamnesis/kernel';
import type { StreamWrite } from '@anamnesis/event-store';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';

const folder = process.argv[2]!;
const started = new Promise<Worker>((resolve) => process.once('worker', resolve));
const store = await EmbeddedEventStore.open({ folder });
await tell(store.append(write()));
const ended = (await started).terminate();
await tell(store.append(write()));
await ended;
await tell(store.append(write()));
process.stdout.write(`${(await store.readAll()).length}\n`);
await store.close();
const again = await EmbeddedEventStore.open({ folder });
await tell(again.append(write()));
await again.close();

function write(): StreamWrite {
  const event = { id: newId(), type: 'VitalsTaken', schema: 1, meta: '{}', data: new Uint8Array(8) };
  return { stream: `observation-${newId()}`, expected: 'none', events: [event] };
}

async function tell(outcome: Promise<{ ok: boolean }>): Promise<void> {
  const line = await outcome.then(
    ({ ok }) => String(ok),
    (error: { code?: string }) => error.code,
  );
  process.stdout.write(`${line}\n`);
}
