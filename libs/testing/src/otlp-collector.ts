import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Of a span's kind as OTLP numbers it. */
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const ERROR = 2;

type AttributeValue = string | number | boolean;

/** A span as it was received; its resource's service is named beside it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: (typeof KINDS)[number];
  readonly traceId: string;
  readonly spanId: string;
  /** '' at the root. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly failed: boolean;
}

/** One data point of a metric. */
export interface ReceivedPoint {
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** A counter's or gauge's value, a histogram's count. */
  readonly value: number;
  /** A histogram's buckets end here. */
  readonly bounds?: readonly number[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, AttributeValue>>;
}
interface OtlpSpan {
  readonly name: string;
  readonly kind?: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes?: readonly Attribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}
interface OtlpPoint {
  readonly attributes?: readonly Attribute[];
  readonly asInt?: number | string;
  readonly asDouble?: number;
  readonly count?: number | string;
  readonly explicitBounds?: readonly number[];
}
interface OtlpMetric {
  readonly name: string;
  readonly unit?: string;
  readonly [shape: string]: unknown;
}
interface Of {
  readonly resource?: { readonly attributes?: readonly Attribute[] };
}
interface Posted {
  readonly resourceSpans?: readonly (Of & { scopeSpans: readonly { spans: readonly OtlpSpan[] }[] })[];
  readonly resourceMetrics?: readonly (Of & { scopeMetrics: readonly { metrics: readonly OtlpMetric[] }[] })[];
}

/** Receives traces and metrics over OTLP (HTTP, JSON), as a collector does, and keeps them to be looked at. */
export class OtlpCollector {
  readonly url: string;
  readonly #server: Server;
  readonly #texts: string[];

  private constructor(server: Server, texts: string[]) {
    this.#server = server;
    this.#texts = texts;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async listen(): Promise<OtlpCollector> {
    const texts: string[] = [];
    const server = createServer((request, response) => void keep(request, response, texts));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new OtlpCollector(server, texts);
  }

  /** What a process is told, so that it sends here. */
  get env(): Readonly<Record<string, string>> {
    return { OTEL_EXPORTER_OTLP_ENDPOINT: this.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
  }

  /** All that was received, as it was written. */
  get text(): string {
    return this.#texts.join('\n');
  }

  get spans(): readonly ReceivedSpan[] {
    return this.#posted().flatMap(({ resourceSpans = [] }) =>
      resourceSpans.flatMap((of) =>
        of.scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, serviceOf(of)))),
      ),
    );
  }

  get points(): readonly ReceivedPoint[] {
    return this.#posted().flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap((of) =>
        of.scopeMetrics.flatMap(({ metrics }) => metrics.flatMap((metric) => pointsOf(metric, serviceOf(of)))),
      ),
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #posted(): readonly Posted[] {
    return this.#texts.map((text) => JSON.parse(text) as Posted);
  }
}

async function keep(request: IncomingMessage, response: ServerResponse, texts: string[]): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  texts.push(Buffer.concat(parts).toString('utf8'));
  response.setHeader('content-type', 'application/json').end('{}');
}

const attributesOf = (attributes: readonly Attribute[] = []): Record<string, AttributeValue> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] ?? '']));

const serviceOf = ({ resource }: Of): string => String(attributesOf(resource?.attributes)['service.name'] ?? '');

const spanOf = (span: OtlpSpan, service: string): ReceivedSpan => ({
  service,
  name: span.name,
  kind: KINDS[span.kind ?? 0] ?? 'unspecified',
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId ?? '',
  attributes: attributesOf(span.attributes),
  links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
  failed: span.status?.code === ERROR,
});

function pointsOf(metric: OtlpMetric, service: string): readonly ReceivedPoint[] {
  const { name, unit = '' } = metric;
  const data = (metric['sum'] ?? metric['gauge'] ?? metric['histogram']) as
    { readonly dataPoints: readonly OtlpPoint[] } | undefined;
  return (data?.dataPoints ?? []).map((point) => ({
    service,
    name,
    unit,
    attributes: attributesOf(point.attributes),
    value: Number(point.asInt ?? point.asDouble ?? point.count),
    ...(point.explicitBounds !== undefined && { bounds: point.explicitBounds }),
  }));
}
