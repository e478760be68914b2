import type { StoredEvent } from '@anamnesis/event-store';
import type { EventMeta } from '@anamnesis/kernel';
import { telemetryIsOn, trace } from '@anamnesis/service';

/** Most requests of one batch whose traces are carried on: a bulk load is not traced event by event. */
const MOST = 100;

/** Ends the trace of each request whose events can be found now. Costs nothing while telemetry is off. */
export function traceBatch(batch: readonly StoredEvent[], model: string): void {
  if (!telemetryIsOn()) return;
  const requests = new Set<string>();
  for (const { meta } of batch) {
    const { traceparent } = JSON.parse(meta) as EventMeta;
    if (traceparent !== undefined) requests.add(traceparent);
    if (requests.size === MOST) break;
  }
  for (const parent of requests) {
    trace('projection', { 'anamnesis.model': model, 'anamnesis.batch': batch.length }, () => undefined, parent);
  }
}
