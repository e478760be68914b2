/** The metrics, loaded with OpenTelemetry only. docs/operations.md lists them. */
import type { Attributes, Meter } from '@opentelemetry/api';
import { observedLags } from './telemetry.ts';

/** Histograms of seconds, with the buckets that the conventions advise (HTTP, database and messaging metrics). */
const DURATIONS = {
  'http.server.request.duration': [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  'http.client.request.duration': [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  'db.client.operation.duration': [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  'messaging.client.operation.duration': [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  'messaging.process.duration': [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
} as const;

/** Counters and their units. */
const COUNTERS = {
  'messaging.client.sent.messages': '{message}',
  'messaging.client.consumed.messages': '{message}',
  'anamnesis.append.events': '{event}',
  'anamnesis.refusals': '{refusal}',
  'anamnesis.bus.retries': '{retry}',
  'anamnesis.bus.dead_letters': '{message}',
} as const;

export type DurationName = keyof typeof DURATIONS;
export type CounterName = keyof typeof COUNTERS;
/** Who follows the log. */
export type LagOf = 'relay' | 'projection';

export interface Instruments {
  recordDuration(name: DurationName, ms: number, attributes: Attributes): void;
  count(name: CounterName, amount: number, attributes: Attributes): void;
}

export function createInstruments(meter: Meter): Instruments {
  const durations = made(DURATIONS, (name, buckets) =>
    meter.createHistogram(name, { unit: 's', advice: { explicitBucketBoundaries: [...buckets] } }),
  );
  const counters = made(COUNTERS, (name, unit) => meter.createCounter(name, { unit }));
  for (const follower of ['relay', 'projection'] as const) observeLags(meter, follower);
  return {
    recordDuration: (name, ms, attributes) => durations[name].record(ms / 1_000, attributes),
    count: (name, amount, attributes) => counters[name].add(amount, attributes),
  };
}

function made<K extends string, P, M>(plans: Readonly<Record<K, P>>, make: (name: K, plan: P) => M): Record<K, M> {
  return Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, make(name as K, plan as P)])) as Record<
    K,
    M
  >;
}

function observeLags(meter: Meter, of: LagOf): void {
  const events = meter.createObservableGauge(`anamnesis.${of}.lag`, { unit: '{event}' });
  const delay = meter.createObservableGauge(`anamnesis.${of}.delay`, { unit: 's' });
  meter.addBatchObservableCallback(
    async (result) => {
      const asked = [...observedLags.values()].filter((one) => one.of === of);
      await Promise.all(
        asked.map(async ({ name, lag }) => {
          // A log that cannot be asked now has its own metrics and health; here it leaves a gap.
          const found = await lag().catch(() => undefined);
          if (found === undefined) return;
          result.observe(events, found.events, { [`anamnesis.${of}`]: name });
          result.observe(delay, found.seconds, { [`anamnesis.${of}`]: name });
        }),
      );
    },
    [events, delay],
  );
}
