import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@anamnesis/event-store';
import { planOf, traceDelivery } from '../src/application/trace-batch.ts';

const ONE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const BY = { group: 'projections.records', model: 'records' };

const event = (position: number, traceparent?: string): StoredEvent => ({
  id: '0b7f5a26-3f70-4c2f-9d35-0e8a0f1f6f01',
  type: 'PatientRegistered',
  schema: 1,
  meta: JSON.stringify({ traceparent }),
  data: new Uint8Array(),
  stream: 'patient-5f0c0e5e',
  revision: 0,
  position,
  recordedAt: 0,
});

describe('the spans of a delivery that is projected', () => {
  it('name topic, partition and group as Kafka has them', () => {
    const plan = planOf({ lane: 'anamnesis.patients/3', events: [event(1, ONE), event(2)], through: 2 }, BY);
    expect(plan).toMatchObject({
      name: 'process anamnesis.patients',
      role: 'consumer',
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'anamnesis.patients',
        'messaging.destination.partition.id': '3',
        'messaging.consumer.group.name': 'anamnesis.projections.records',
        'messaging.batch.message_count': 2,
        'anamnesis.projection': 'records',
      },
    });
    expect(plan.parts).toHaveLength(1);
    expect(plan.parts[0]).toMatchObject({
      parent: ONE,
      name: 'process anamnesis.patients',
      attributes: { 'messaging.batch.message_count': 1 },
    });
    expect(JSON.stringify(plan)).not.toMatch(/5f0c0e5e|0b7f5a26/);
  });

  it('know no partition on the embedded bus', () => {
    const { name, attributes } = planOf({ lane: 'log', events: [event(1)], through: 1 }, BY);
    expect(name).toBe('process log');
    expect(attributes).toMatchObject({
      'messaging.system': 'anamnesis',
      'messaging.consumer.group.name': 'projections.records',
    });
    expect(attributes).not.toHaveProperty(['messaging.destination.partition.id']);
  });

  it('change nothing of how it goes while telemetry is off', async () => {
    const delivery = { lane: 'log', events: [event(1)], through: 1 };
    const fails = traceDelivery(delivery, BY, () => Promise.reject(new Error('as it was')));
    await expect(fails).rejects.toThrow('as it was');
  });
});
