import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KafkaRecord, within } from './kafka-record.ts';

describe('a relay on Kafka', () => {
  let record: KafkaRecord;
  beforeEach(async () => {
    record = await KafkaRecord.open();
  });
  afterEach(() => record.close());

  const caughtUp = async (): Promise<boolean> => (await record.progress()) >= (await record.store.head());

  it('brings the log to the bus once and goes on where it stopped', async () => {
    await record.append(200);
    const first = record.relay();
    await record.consume();
    await within(20, caughtUp);
    await record.stop(first);
    await record.append(100);
    const second = record.relay();
    await within(20, caughtUp);
    expect(await record.faults()).toEqual({ lost: 0, outOfOrder: 0, twice: 0 });
    const status = await second.status();
    expect(status).toMatchObject({ state: 'relaying', head: 300, position: 300, fenced: 0 });
    expect(status.lag).toEqual({ events: 0, more: false, seconds: 0 });
    await record.stop(second);
    expect((await second.status()).state).toBe('stopped');
  });

  it('stands by while another has its turn, and takes over when that one has gone', async () => {
    const first = record.relay();
    await within(20, async () => (await first.status()).state === 'relaying');
    const second = record.relay();
    await record.consume();
    await record.append(100);
    await within(20, caughtUp);
    expect([(await first.status()).state, (await second.status()).state]).toEqual(['relaying', 'standing-by']);
    expect((await second.status()).lag).toBeUndefined();
    await record.append(50);
    await record.stop(first);
    await record.append(50);
    await within(20, caughtUp);
    expect((await second.status()).state).toBe('relaying');
    expect(await record.faults()).toEqual({ lost: 0, outOfOrder: 0, twice: 0 });
  });

  it('two relays that start at once under load lose nothing, double nothing and do not fight', async () => {
    const relays = [record.relay(), record.relay()];
    await record.consume();
    for (let i = 0; i < 10; i++) await record.append(100);
    await within(20, caughtUp);
    expect(await record.faults()).toEqual({ lost: 0, outOfOrder: 0, twice: 0 });
    const states = await Promise.all(relays.map((relay) => relay.status()));
    expect(states.map(({ state }) => state).toSorted()).toEqual(['relaying', 'standing-by']);
    expect(states.reduce((sum, { fenced }) => sum + fenced, 0)).toBeLessThanOrEqual(1);
  });
});
