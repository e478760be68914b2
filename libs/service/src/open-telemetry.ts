/** The side that loads OpenTelemetry; imported by telemetry.ts only, and only when it is asked for. */
import {
  context,
  isSpanContextValid,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Environment } from './config.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import type { BatchPlan, SpanRole, TraceOptions } from './span-plans.ts';
import type { RequestSpan } from './telemetry.ts';
import { VERSION } from './version.ts';

export interface OpenTelemetry {
  readonly instruments: Instruments;
  trace<T>(name: string, attributes: Attributes, fn: () => T, options?: TraceOptions): T;
  traceBatch<T>(plan: BatchPlan, work: () => Promise<T>): Promise<T>;
  annotate(attributes: Attributes, failed: boolean): void;
  traceparent(): string | undefined;
  traceId(): string | undefined;
  beginRequest(name: string, attributes: Attributes, traceparent: string | undefined): RequestSpan;
  within(request: RequestSpan, fn: () => void): void;
  endRequest(request: RequestSpan, attributes: Attributes, failed: boolean): void;
  stop(): Promise<void>;
}

const SCOPE = 'anamnesis';

const KINDS: Readonly<Record<SpanRole, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  client: SpanKind.CLIENT,
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export function startOpenTelemetry(env: Environment): OpenTelemetry {
  // The exporters default to OTLP; a signal that nothing asks for is named off, so that it does not knock on
  // localhost:4318 for ever.
  const asked = (signal: string): boolean =>
    Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]);
  for (const signal of ['TRACES', 'METRICS']) {
    if (!asked(signal)) process.env[`OTEL_${signal}_EXPORTER`] ||= 'none';
    else process.env[`OTEL_${signal}_EXPORTER`] ||= 'otlp';
  }
  process.env['OTEL_LOGS_EXPORTER'] ||= 'none';
  // Of the machine and the process no more is told than tells instances apart: no user, no command line.
  process.env['OTEL_NODE_RESOURCE_DETECTORS'] ||= 'env,host,serviceinstance';
  const sdk = new NodeSDK({ serviceName: env['OTEL_SERVICE_NAME'] || 'anamnesis', instrumentations: [] });
  sdk.start();
  return over(trace.getTracer(SCOPE, VERSION), createInstruments(metrics.getMeter(SCOPE, VERSION)), () =>
    sdk.shutdown(),
  );
}

function over(tracer: Tracer, instruments: Instruments, stop: () => Promise<void>): OpenTelemetry {
  return {
    instruments,
    trace: (name, attributes, fn, { parent, role = 'internal' } = {}) => {
      const within = parent === undefined ? context.active() : contextOf(parent);
      return tracer.startActiveSpan(name, { attributes, kind: KINDS[role] }, within, (span) => settle(span, fn));
    },
    traceBatch: (plan, work) => traceBatch(tracer, plan, work),
    annotate: (attributes, failed) => {
      const span = trace.getActiveSpan()?.setAttributes(attributes);
      if (failed) span?.setStatus({ code: SpanStatusCode.ERROR });
    },
    traceparent: () => {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier['traceparent'];
    },
    traceId: () => trace.getActiveSpan()?.spanContext().traceId,
    beginRequest: (name, attributes, traceparent) => {
      const parent = traceparent === undefined ? ROOT_CONTEXT : contextOf(traceparent);
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
      return { span, context: trace.setSpan(parent, span) };
    },
    within: (request, fn) => context.with(request.context, fn),
    endRequest: ({ span }, attributes, failed) => {
      span.setAttributes(attributes);
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
    stop,
  };
}

const contextOf = (traceparent: string): Context => propagation.extract(ROOT_CONTEXT, { traceparent });

async function traceBatch<T>(tracer: Tracer, plan: BatchPlan, work: () => Promise<T>): Promise<T> {
  const { name, role, attributes } = plan;
  // A traceparent that is none would begin a trace of nobody's.
  const parts = plan.parts.flatMap((part) => {
    const within = contextOf(part.parent);
    const of = trace.getSpanContext(within);
    return of !== undefined && isSpanContextValid(of) ? [{ ...part, within, of }] : [];
  });
  const links = parts.map(({ of }) => ({ context: of }));
  const startTime = Date.now();
  const span = tracer.startSpan(name, { kind: KINDS[role], attributes, links, root: true });
  const batch = { context: span.spanContext() };
  const result = await context.with(trace.setSpan(ROOT_CONTEXT, span), () => settle(span, work));
  for (const part of parts) {
    const options = { kind: KINDS[part.role], attributes: part.attributes, links: [batch], startTime };
    tracer.startSpan(part.name, options, part.within).end();
  }
  return result;
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
