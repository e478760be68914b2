import type { Attributes, Context, Span, SpanKind } from '@opentelemetry/api';
import type { Environment } from './config.ts';
import type { OpenTelemetry } from './open-telemetry.ts';

/**
 * Traces and metrics. Off, every function here is a few nanoseconds and OpenTelemetry is not even loaded.
 * Attributes name routes, event types and counts; nothing of a patient's, and no address with its ids.
 */
let on: OpenTelemetry | undefined;

export type TraceAttributes = Attributes;

/** A request's span, from its arrival to its answer. */
export interface RequestSpan {
  readonly span: Span;
  readonly context: Context;
}

/** Whether the standard environment variables ask for telemetry. */
export function telemetryAsked(env: Environment): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  const exporter = (variable: string): boolean => (env[variable] || 'none') !== 'none';
  const endpoint = ['', 'TRACES_', 'METRICS_'].some((signal) => env[`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`]);
  return endpoint || exporter('OTEL_TRACES_EXPORTER') || exporter('OTEL_METRICS_EXPORTER');
}

/** Loads and starts OpenTelemetry if it was asked for; each thread that traces starts its own. Resolves to a stop. */
export async function startTelemetry(env: Environment): Promise<() => Promise<void>> {
  if (on !== undefined || !telemetryAsked(env)) return () => Promise.resolve();
  const { startOpenTelemetry } = await import('./open-telemetry.ts');
  const started = await startOpenTelemetry(env);
  on = started;
  return async () => {
    on = undefined;
    await started.stop();
  };
}

/** Whether telemetry is on in this thread. */
export function telemetryIsOn(): boolean {
  return on !== undefined;
}

/**
 * Runs `fn` within a span. `parent` continues the trace of a traceparent, such as the one an event carries;
 * without it the span belongs to the one that is current.
 */
export function trace<T>(name: string, attributes: TraceAttributes, fn: () => T, parent?: string): T {
  return on === undefined ? fn() : on.trace(name, attributes, fn, parent);
}

/** The current span's W3C traceparent, to be stored with events; undefined when off or outside of any span. */
export function currentTraceparent(): string | undefined {
  return on?.traceparent();
}

export function beginRequest(name: string, traceparent: string | undefined, kind?: SpanKind): RequestSpan | undefined {
  return on?.beginRequest(name, traceparent, kind);
}

/** Runs `fn` with the request's span as the current one. */
export function withinRequest(request: RequestSpan | undefined, fn: () => void): void {
  if (on === undefined || request === undefined) fn();
  else on.within(request, fn);
}

/** Ends the request's span and counts its duration. */
export function endRequest(request: RequestSpan | undefined, ended: EndedRequest): void {
  if (on !== undefined) on.endRequest(request, ended);
}

export interface EndedRequest {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** Milliseconds from the call of an append to its durable answer. */
export function recordAppend(duration: number, events: number): void {
  on?.recordAppend(duration, events);
}

export function countRefusal(code: string): void {
  on?.countRefusal(code);
}

/** Reports a projection's lag, in positions, whenever metrics are collected. A projection registered twice is replaced. */
export function observeProjectionLag(projection: string, lag: () => number): void {
  projectionLags.set(projection, lag);
}

/** What is observed; kept here so that registering does not depend on telemetry having started. */
export const projectionLags = new Map<string, () => number>();
