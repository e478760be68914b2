/**
 * Events a second through the relay and through a consumer, on the Kafka that ANAMNESIS_TEST_KAFKA names. From the
 * root: `node tools/node.mjs services/relay/bench/relay-bench.ts [events] [bytes an event]`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopics, KafkaEventBus, KafkaRelayBus } from '@anamnesis/event-bus/kafka';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { newId } from '@anamnesis/kernel';
import { Relay } from '@anamnesis/relay-service';

const [events = 50_000, bytes = 2_000] = process.argv.slice(2).map(Number);
const connection = { brokers: (process.env['ANAMNESIS_TEST_KAFKA'] ?? '127.0.0.1:9092').split(',') };
const prefix = `bench-${randomUUID().slice(0, 8)}`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs until `done`; wall time and the time of this process's cores. */
async function measured(name: string, count: number, done: () => boolean | Promise<boolean>): Promise<void> {
  const [wall, cores] = [performance.now(), process.cpuUsage()];
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5));
  const { user, system } = process.cpuUsage(cores);
  const [seconds, busy] = [(performance.now() - wall) / 1_000, (user + system) / 1e6];
  const rates = [count / seconds, count / busy].map((rate) => Math.round(rate));
  say(`${name}: ${count} events in ${seconds.toFixed(2)} s, ${rates[0]}/s; ${rates[1]}/s a core`);
}

const folder = await mkdtemp(join(tmpdir(), 'anamnesis-relay-bench-'));
const store = await EmbeddedEventStore.open({ folder });
const kinds = ['patient', 'observation', 'medication-request', 'claim'];
for (let i = 0; i < events; i += 500) {
  await store.appendAll(
    Array.from({ length: 100 }, (_, j) => ({
      stream: `${kinds[j % 4]}-${newId()}`,
      expected: 'none' as const,
      events: Array.from({ length: 5 }, () => ({
        id: newId(),
        type: 'ObservationRecorded',
        schema: 1,
        meta: JSON.stringify({
          actor: { id: 'a', role: 'nurse', purpose: 'TREAT' },
          subject: newId(),
          command: newId(),
        }),
        data: randomBytes(bytes),
      })),
    })),
  );
}

await createTopics(connection, { prefix });
const relayBus = KafkaRelayBus.open({ connection, prefix });
const transactions: number[] = [];
const head = await store.head();
let position = 0;
const relay = Relay.start({
  reader: store,
  bus: relayBus,
  onPublished: (published) => {
    position = published.position;
    transactions.push(published.ms);
  },
});
while (position === 0) await new Promise((resolve) => setTimeout(resolve, 1));
await measured('relay', events, () => position >= head);
say(`transactions: ${transactions.length}, ${Math.round(events / transactions.length)} events each`);

const bus = KafkaEventBus.open({ connection, prefix });
let seen = 0;
await bus.consume({ group: 'bench' }, async (delivery) => void (seen += delivery.events.length));
await measured('consumer', events, () => seen >= events);

const before = transactions.length;
for (let i = 0; i < 100; i++) {
  const alone = { id: newId(), type: 'ObservationRecorded', schema: 1, meta: '{}', data: randomBytes(bytes) };
  await store.append({ stream: `observation-${newId()}`, expected: 'none', events: [alone] });
  await new Promise((resolve) => setTimeout(resolve, 30));
}
const single = transactions.slice(before).toSorted((a, b) => a - b);
say(`one event alone: ${single[single.length >> 1]!.toFixed(1)} ms p50, ${single.at(-2)!.toFixed(1)} ms p99`);

await relay.stop();
await relayBus.close();
await bus.close();
await store.close();
await rm(folder, { recursive: true });
