import type { Delivery } from '@anamnesis/event-bus';
import type { StoredEvent } from '@anamnesis/event-store';
import {
  annotateSpan,
  type BatchPlan,
  count,
  errorType,
  eventsByTrace,
  recordDuration,
  telemetryIsOn,
  trace,
  traceBatch,
} from '@anamnesis/service';

/** Ends the trace of each request whose events can be found now. Costs nothing while telemetry is off. */
export function traceApplied(batch: readonly StoredEvent[], model: string): void {
  if (!telemetryIsOn()) return;
  for (const [parent, events] of eventsByTrace(batch)) {
    const attributes = { 'anamnesis.projection': model, 'anamnesis.events': events.length };
    trace(`project ${model}`, attributes, () => undefined, { parent });
  }
}

/** A model's group of consumers. */
export interface Consuming {
  readonly group: string;
  readonly model: string;
}

/** Projects a delivery within a span that has links to its requests; each request's own trace is told, too. */
export function traceDelivery(delivery: Delivery, by: Consuming, project: () => Promise<void>): Promise<void> {
  if (!telemetryIsOn() || delivery.events.length === 0) return project();
  return traceBatch(
    () => planOf(delivery, by),
    () => timed(delivery, by, project),
  );
}

async function timed({ lane, events }: Delivery, { group }: Consuming, project: () => Promise<void>): Promise<void> {
  const consuming = consumingOf(lane, group);
  const began = performance.now();
  let failure: { 'error.type'?: string } = {};
  count('messaging.client.consumed.messages', events.length, consuming);
  try {
    await project();
  } catch (error) {
    failure = { 'error.type': errorType(error) };
    annotateSpan(failure, true);
    throw error;
  } finally {
    recordDuration('messaging.process.duration', performance.now() - began, { ...consuming, ...failure });
  }
}

export function planOf({ lane, events }: Delivery, { group, model }: Consuming): BatchPlan {
  const consuming = consumingOf(lane, group);
  const plan = (own: readonly StoredEvent[]) => ({
    name: `process ${consuming['messaging.destination.name']}`,
    role: 'consumer' as const,
    attributes: {
      ...consuming,
      'messaging.operation.type': 'process',
      'messaging.batch.message_count': own.length,
      'anamnesis.projection': model,
    },
  });
  const parts = [...eventsByTrace(events)].map(([parent, own]) => ({ parent, ...plan(own) }));
  return { ...plan(events), parts };
}

/** A lane of Kafka is a topic's partition; the embedded bus has one lane, and no topics. */
function consumingOf(lane: string, group: string) {
  const slash = lane.lastIndexOf('/');
  const topic = slash < 0 ? lane : lane.slice(0, slash);
  return {
    'messaging.system': slash < 0 ? 'anamnesis' : 'kafka',
    'messaging.operation.name': 'process',
    'messaging.destination.name': topic,
    ...(slash >= 0 && { 'messaging.destination.partition.id': lane.slice(slash + 1) }),
    // Groups are called as topics are: by the record's name, and then their own.
    'messaging.consumer.group.name': slash < 0 ? group : `${topic.slice(0, topic.lastIndexOf('.'))}.${group}`,
  };
}
