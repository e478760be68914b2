import type { Attributes } from '@opentelemetry/api';

/** On which side of a call a span stands; `internal` by default. */
export type SpanRole = 'internal' | 'client' | 'server' | 'producer' | 'consumer';

export interface TraceOptions {
  /** A traceparent whose trace is continued, such as the one an event carries. */
  readonly parent?: string;
  readonly role?: SpanRole;
}

/** A span as it is to be made. */
export interface SpanPlan {
  readonly name: string;
  readonly role: SpanRole;
  readonly attributes: Attributes;
}

/** What one request has in a batch. */
export interface BatchPart extends SpanPlan {
  /** The request's traceparent. */
  readonly parent: string;
}

export interface BatchPlan extends SpanPlan {
  readonly parts: readonly BatchPart[];
}

/** Most requests of one batch that are told apart: a bulk load is not traced event by event. */
const MOST = 100;

/**
 * Events by the traceparent in their envelope: the first hundred requests of a batch. An envelope that cannot be read
 * is for others to judge.
 */
export function eventsByTrace<E extends { readonly meta: string }>(events: readonly E[]): Map<string, E[]> {
  const found = new Map<string, E[]>();
  for (const event of events) {
    const traceparent = traceparentOf(event.meta);
    if (traceparent === undefined) continue;
    const before = found.get(traceparent);
    if (before !== undefined) before.push(event);
    else if (found.size < MOST) found.set(traceparent, [event]);
  }
  return found;
}

function traceparentOf(meta: string): string | undefined {
  try {
    const { traceparent } = JSON.parse(meta) as { traceparent?: unknown };
    return typeof traceparent === 'string' ? traceparent : undefined;
  } catch {
    return undefined;
  }
}
