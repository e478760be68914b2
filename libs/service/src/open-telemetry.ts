/** The side that loads OpenTelemetry; imported by telemetry.ts only, and only when it is asked for. */
import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Environment } from './config.ts';
import { type EndedRequest, projectionLags, type RequestSpan, type TraceAttributes } from './telemetry.ts';

export interface OpenTelemetry {
  trace<T>(name: string, attributes: TraceAttributes, fn: () => T, parent?: string): T;
  traceparent(): string | undefined;
  beginRequest(name: string, traceparent: string | undefined, kind?: SpanKind): RequestSpan;
  within(request: RequestSpan, fn: () => void): void;
  endRequest(request: RequestSpan | undefined, ended: EndedRequest): void;
  recordAppend(duration: number, events: number): void;
  countRefusal(code: string): void;
  stop(): Promise<void>;
}

const SCOPE = 'anamnesis';

export function startOpenTelemetry(env: Environment): Promise<OpenTelemetry> {
  // The exporters default to OTLP; a signal that nothing asks for is named off, so that it does not knock on
  // localhost:4318 for ever.
  const asked = (signal: string): boolean =>
    Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]);
  for (const signal of ['TRACES', 'METRICS']) {
    if (!asked(signal)) process.env[`OTEL_${signal}_EXPORTER`] ||= 'none';
    else process.env[`OTEL_${signal}_EXPORTER`] ||= 'otlp';
  }
  process.env['OTEL_LOGS_EXPORTER'] ||= 'none';
  const sdk = new NodeSDK({ serviceName: env['OTEL_SERVICE_NAME'] || 'anamnesis', instrumentations: [] });
  sdk.start();
  return Promise.resolve(instruments(() => sdk.shutdown()));
}

function instruments(stop: () => Promise<void>): OpenTelemetry {
  const tracer = trace.getTracer(SCOPE);
  const meter = metrics.getMeter(SCOPE);
  // Names of the OpenTelemetry semantic conventions where they have one.
  const requests = meter.createHistogram('http.server.request.duration', { unit: 's' });
  const appends = meter.createHistogram('anamnesis.append.duration', { unit: 's' });
  const appended = meter.createCounter('anamnesis.append.events', { unit: '{event}' });
  const refusals = meter.createCounter('anamnesis.refusals', { unit: '{refusal}' });
  const lag = meter.createObservableGauge('anamnesis.projection.lag', { unit: '{position}' });
  lag.addCallback((result) => {
    for (const [projection, observe] of projectionLags) result.observe(observe(), { projection });
  });
  return {
    trace: (name, attributes, fn, parent) =>
      tracer.startActiveSpan(name, { attributes }, contextOf(parent, context.active()), (span) => settle(span, fn)),
    traceparent: () => {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier['traceparent'];
    },
    beginRequest: (name, traceparent, kind = SpanKind.SERVER) => {
      const parent = contextOf(traceparent, ROOT_CONTEXT);
      const span = tracer.startSpan(name, { kind }, parent);
      return { span, context: trace.setSpan(parent, span) };
    },
    within: (request, fn) => context.with(request.context, fn),
    endRequest: (request, { method, route, status, duration }) => {
      const attributes = { 'http.request.method': method, 'http.route': route, 'http.response.status_code': status };
      requests.record(duration / 1_000, attributes);
      if (request === undefined) return;
      request.span.setAttributes(attributes);
      if (status >= 500) request.span.setStatus({ code: SpanStatusCode.ERROR });
      request.span.end();
    },
    recordAppend: (duration, events) => {
      appends.record(duration / 1_000);
      appended.add(events);
    },
    countRefusal: (code) => refusals.add(1, { code }),
    stop,
  };
}

function contextOf(traceparent: string | undefined, otherwise: Context): Context {
  return traceparent === undefined ? otherwise : propagation.extract(ROOT_CONTEXT, { traceparent });
}

/** Ends the span when `fn` has returned, thrown or settled. An error's message stays out of it. */
function settle<T>(span: Span, fn: () => T): T {
  const failed = (): void => {
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
  try {
    const result = fn();
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    result.then(() => span.end(), failed);
    return result;
  } catch (error) {
    failed();
    throw error;
  }
}
