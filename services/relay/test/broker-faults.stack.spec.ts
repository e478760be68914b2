import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as rest } from 'node:timers/promises';
import { startKafka, type RunningKafka } from '@anamnesis/stack/engines';
import { KafkaRecord, within } from './kafka-record.ts';

const quiet = (): void => undefined;

/** Appends until told to stop. */
function load(record: KafkaRecord): { stop: () => Promise<void> } {
  let going = true;
  const done = (async () => {
    while (going) {
      await record.append(50);
      await rest(20);
    }
  })();
  return {
    async stop() {
      going = false;
      await done;
    },
  };
}

describe('a relay whose brokers fail (slow)', () => {
  let kafka: RunningKafka;
  beforeAll(async () => {
    kafka = await startKafka({ brokers: 3, log: quiet });
  }, 180_000);
  afterAll(() => kafka.stop(), 60_000);

  const settings = { replicationFactor: 3, config: { 'min.insync.replicas': '2' } };

  async function under(faults: () => Promise<void>): Promise<void> {
    const record = await KafkaRecord.open({ brokers: kafka.bootstrap, requestTimeoutMs: 5_000 }, settings);
    try {
      const relay = record.relay();
      await record.consume();
      await within(30, async () => (await relay.status()).state === 'relaying');
      const loading = load(record);
      await faults();
      await loading.stop();
      await within(90, async () => (await record.progress().catch(() => 0)) >= (await record.store.head()));
      const { lost, outOfOrder } = await record.faults();
      expect({ lost, outOfOrder }).toEqual({ lost: 0, outOfOrder: 0 });
      expect((await relay.status()).lag).toEqual({ events: 0, more: false, seconds: 0 });
    } finally {
      await record.close();
    }
  }

  it('loses nothing while one of three brokers is stopped for 18 seconds and goes on', async () => {
    await under(async () => {
      await rest(2_000);
      const [, second] = kafka.nodes;
      second!.pause();
      await rest(18_000);
      second!.resume();
      await rest(4_000);
    });
  }, 180_000);

  it('loses nothing while every broker is killed in turn and started again', async () => {
    await under(async () => {
      for (const node of kafka.nodes) {
        await rest(1_000);
        await node.kill();
        await rest(1_000);
        await node.restart();
        await rest(3_000);
      }
    });
  }, 240_000);
});
