import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@anamnesis/event-store';
import { planOf } from '../src/traced-relay-bus.ts';

const ONE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const OTHER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const event = (stream: string, traceparent?: string): StoredEvent => ({
  id: '0b7f5a26-3f70-4c2f-9d35-0e8a0f1f6f01',
  type: 'PatientRegistered',
  schema: 1,
  meta: JSON.stringify({ traceparent }),
  data: new Uint8Array(),
  stream,
  revision: 0,
  position: 1,
  recordedAt: 0,
});
const topicOf = (stream: string): string => `topic.${stream.slice(0, stream.indexOf('-'))}`;

describe('the spans of a transaction of the relay', () => {
  it('name the topic that all of its events go to', () => {
    expect(planOf([event('patient-1', ONE), event('patient-2')], topicOf)).toMatchObject({
      name: 'send topic.patient',
      role: 'client',
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'send',
        'messaging.destination.name': 'topic.patient',
        'messaging.batch.message_count': 2,
      },
    });
  });

  it('name no topic where there are several, and tell each request of its own events', () => {
    const { name, attributes, parts } = planOf(
      [event('patient-1', ONE), event('order-2', OTHER), event('patient-3', ONE), event('order-4')],
      topicOf,
    );
    expect(name).toBe('send');
    expect(attributes).not.toHaveProperty(['messaging.destination.name']);
    expect(attributes).toMatchObject({ 'messaging.batch.message_count': 4 });
    expect(parts.map((part) => [part.parent, part.name, part.role])).toEqual([
      [ONE, 'send topic.patient', 'producer'],
      [OTHER, 'send topic.order', 'producer'],
    ]);
    expect(parts.map((part) => part.attributes['messaging.batch.message_count'])).toEqual([2, 1]);
  });

  it('say nothing of streams, ids or what is in an envelope', () => {
    const plan = planOf([event('patient-5f0c0e5e', ONE)], topicOf);
    expect(JSON.stringify(plan)).not.toMatch(/5f0c0e5e|0b7f5a26/);
  });
});
