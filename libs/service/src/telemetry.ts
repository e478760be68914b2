import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { Environment } from './config.ts';
import type { BatchPlan, TraceOptions } from './span-plans.ts';
import type { CounterName, DurationName, LagOf } from './instruments.ts';
import type { OpenTelemetry } from './open-telemetry.ts';

/**
 * Traces and metrics. Off, every function here is a few nanoseconds and OpenTelemetry is not even loaded.
 * Names are those of OpenTelemetry's semantic conventions where they have one. Attributes name routes, topics, codes
 * and counts; nothing of a patient's, and no address with its ids: the conventions' `url.*` stay away for that.
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
  const started = startOpenTelemetry(env);
  on = started;
  return async () => {
    on = undefined;
    await started.stop();
  };
}

/** Whether telemetry is on in this thread. Who must build attributes asks first. */
export function telemetryIsOn(): boolean {
  return on !== undefined;
}

/** Runs `fn` within a span: of the trace that is current, unless `options` name another parent. */
export function trace<T>(name: string, attributes: TraceAttributes, fn: () => T, options?: TraceOptions): T {
  return on === undefined ? fn() : on.trace(name, attributes, fn, options);
}

/**
 * Runs `work` within a span of its own trace, for work that many requests share; the span has a link to each of them.
 * Once it is done, each request's own trace is continued by a span that says so, linked to the batch.
 */
export function traceBatch<T>(plan: () => BatchPlan, work: () => Promise<T>): Promise<T> {
  return on === undefined ? work() : on.traceBatch(plan(), work);
}

/** Adds to the current span; `failed` marks it as an error. */
export function annotateSpan(attributes: TraceAttributes, failed = false): void {
  on?.annotate(attributes, failed);
}

/** The current span's W3C traceparent, to be stored with events; undefined when off or outside of any span. */
export function currentTraceparent(): string | undefined {
  return on?.traceparent();
}

/** The current trace's id, for the log. */
export function currentTraceId(): string | undefined {
  return on?.traceId();
}

/** `traceparent`: the caller's. */
export function beginRequest(
  name: string,
  attributes: TraceAttributes,
  traceparent: string | undefined,
): RequestSpan | undefined {
  return on?.beginRequest(name, attributes, traceparent);
}

/** Runs `fn` with the request's span as the current one. */
export function withinRequest(request: RequestSpan | undefined, fn: () => void): void {
  if (on === undefined || request === undefined) fn();
  else on.within(request, fn);
}

/** Ends the request's span. */
export function endRequest(request: RequestSpan | undefined, attributes: TraceAttributes, failed: boolean): void {
  if (on !== undefined && request !== undefined) on.endRequest(request, attributes, failed);
}

/** `ms`: milliseconds; it is told in seconds. */
export function recordDuration(instrument: DurationName, ms: number, attributes: TraceAttributes): void {
  on?.instruments.recordDuration(instrument, ms, attributes);
}

export function count(instrument: CounterName, amount: number, attributes: TraceAttributes): void {
  on?.instruments.count(instrument, amount, attributes);
}

/** A refusal or fault that was answered; `code` is one of our own. */
export function countRefusal(code: string): void {
  on?.instruments.count('anamnesis.refusals', 1, { 'anamnesis.code': code });
}

/** How far somebody who follows the log is behind. */
export interface Lag {
  readonly events: number;
  /** For how long the oldest of them has been waiting. */
  readonly seconds: number;
}

/** Reports a lag whenever metrics are collected; undefined: nothing to tell now. Registered twice, it is replaced. */
export function observeLag(of: LagOf, name: string, lag: () => Promise<Lag | undefined>): void {
  observedLags.set(`${of} ${name}`, { of, name, lag });
}

interface ObservedLag {
  readonly of: LagOf;
  readonly name: string;
  lag(): Promise<Lag | undefined>;
}

/** What is observed; kept here so that registering does not depend on telemetry having started. */
export const observedLags = new Map<string, ObservedLag>();
