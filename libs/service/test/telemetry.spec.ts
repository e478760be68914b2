import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OtlpCollector, type ReceivedPoint, type ReceivedSpan } from '@anamnesis/testing';
import { currentTraceparent, eventsByTrace, startTelemetry, telemetryAsked, trace, traceBatch } from '../src/index.ts';

describe('telemetryAsked', () => {
  it.each([
    [{}, false],
    [{ OTEL_SERVICE_NAME: 'x' }, false],
    [{ OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_TRACES_EXPORTER: 'console' }, true],
    [{ OTEL_METRICS_EXPORTER: 'otlp' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318/v1/metrics' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' }, false],
  ])('with %j is %s', (env: Record<string, string>, asked) => {
    expect(telemetryAsked(env)).toBe(asked);
  });
});

describe('telemetry that nobody asked for', () => {
  it('runs what it is given, knows no trace and plans no spans', async () => {
    const stop = await startTelemetry({});
    expect(trace('work', {}, () => currentTraceparent() ?? 'none')).toBe('none');
    await expect(trace('work', {}, () => Promise.reject(new Error('as it was')))).rejects.toThrow('as it was');
    const plan = (): never => {
      throw new Error('nobody asked for it');
    };
    expect(await traceBatch(plan, async () => 'done')).toBe('done');
    await stop();
  });
});

describe('the events of a batch by their traces', () => {
  const event = (traceparent?: string) => ({ meta: JSON.stringify({ traceparent }) });

  it('are those of each request, in their order', () => {
    const [a, b, c, none] = [event('a'), event('b'), event('a'), event()];
    expect([...eventsByTrace([a, b, c, none])]).toEqual([
      ['a', [a, c]],
      ['b', [b]],
    ]);
  });

  it('are those of the first hundred requests', () => {
    const events = Array.from({ length: 250 }, (_, i) => event(`request ${i % 125}`));
    const found = eventsByTrace(events);
    expect(found.size).toBe(100);
    expect([...found.values()].every(({ length }) => length === 2)).toBe(true);
  });

  it('leave out envelopes that cannot be read', () => {
    expect(eventsByTrace([{ meta: '{' }, { meta: '{"traceparent":7}' }]).size).toBe(0);
  });
});

describe('telemetry over OTLP', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c';
  let collector: OtlpCollector;
  let told: { readonly lines: readonly string[]; readonly heard: readonly string[] };
  let spans: readonly ReceivedSpan[];
  let points: readonly ReceivedPoint[];

  beforeAll(async () => {
    collector = await OtlpCollector.listen();
    // A process of its own: the SDK's providers are global, and its switches are environment variables.
    const subject = fileURLToPath(new URL('./telemetry-subject.ts', import.meta.url));
    const loader = new URL('../../../tools/typescript.mjs', import.meta.url).href;
    const env = { PATH: process.env['PATH'], OTEL_SERVICE_NAME: 'ward', ...collector.env };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', loader, subject], { env });
    told = JSON.parse(stdout) as typeof told;
    ({ spans, points } = collector);
  });

  afterAll(() => collector.close());

  const only = (name: string): ReceivedSpan => {
    const found = spans.filter((span) => span.name === name);
    expect(found).toHaveLength(1);
    return found[0]!;
  };

  it('carries one trace from the caller through the request to what is done with its events later', () => {
    const names = spans.filter(({ traceId }) => traceId === TRACE).map(({ name }) => name);
    expect(names.sort()).toEqual(['GET /ward/:id', 'POST /other', 'append', 'failing', 'process ward']);
    const request = only('GET /ward/:id');
    expect(request).toMatchObject({ service: 'ward', kind: 'server', parentSpanId: 'b7ad6b7169203331' });
    expect(only('append')).toMatchObject({ parentSpanId: request.spanId, failed: false });
    expect(only('failing')).toMatchObject({ parentSpanId: request.spanId, failed: true });
  });

  it('tells a request to another service as its client, and that one hears of the span', () => {
    const span = only('POST /other');
    expect(span).toMatchObject({ kind: 'client', parentSpanId: only('GET /ward/:id').spanId, failed: true });
    expect(span.attributes).toMatchObject({
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'http.response.status_code': 503,
      'error.type': '503',
    });
    expect(told.heard).toEqual([`00-${TRACE}-${span.spanId}-01`]);
  });

  it('gives a batch a trace of its own with links to its requests, and tells each request once it is done', () => {
    const [batch, vain, part] = [only('process all'), only('process in vain'), only('process ward')];
    const append = { traceId: TRACE, spanId: only('append').spanId };
    expect(batch).toMatchObject({ kind: 'consumer', parentSpanId: '', links: [append], failed: false });
    expect(batch.traceId).not.toBe(TRACE);
    expect(part).toMatchObject({
      parentSpanId: append.spanId,
      links: [{ traceId: batch.traceId, spanId: batch.spanId }],
    });
    expect(vain).toMatchObject({ links: [append], failed: true });
  });

  it('makes no traces of those who only ask for its health', () => {
    expect(spans.filter(({ name }) => name.includes('health'))).toEqual([]);
  });

  it.each([
    ['http.server.request.duration', 's', { 'http.route': '/ward/:id', 'http.response.status_code': 200 }, 1],
    ['http.server.request.duration', 's', { 'http.route': '/health/ready' }, 1],
    ['http.client.request.duration', 's', { 'url.template': '/other', 'error.type': '503' }, 1],
    ['db.client.operation.duration', 's', { 'db.operation.name': 'append' }, 1],
    ['anamnesis.refusals', '{refusal}', { 'anamnesis.code': 'not-found' }, 1],
    ['anamnesis.refusals', '{refusal}', { 'anamnesis.code': 'not-allowed' }, 1],
    ['anamnesis.projection.lag', '{event}', { 'anamnesis.projection': 'search' }, 7],
    ['anamnesis.projection.delay', 's', { 'anamnesis.projection': 'search' }, 2],
  ])('measures %s in %s', (name, unit, attributes, value) => {
    const found = points.filter((point) => point.name === name);
    expect(found).toContainEqual(
      expect.objectContaining({ unit, value, attributes: expect.objectContaining(attributes) }),
    );
  });

  it('sorts seconds into buckets of seconds', () => {
    const { bounds } = points.find(({ name }) => name === 'http.server.request.duration')!;
    expect(bounds?.[0]).toBe(0.005);
    expect(bounds?.at(-1)).toBe(10);
  });

  it('leaves out a lag that cannot be found out', () => {
    expect(points.filter(({ name }) => name.startsWith('anamnesis.relay'))).toEqual([]);
  });

  it('is joined with the log by the trace’s id', () => {
    const lines = told.lines.map((line) => JSON.parse(line) as { msg: string; trace?: string; route?: string });
    expect(lines.find(({ msg }) => msg === 'in the midst of it')).toMatchObject({ trace: TRACE });
    expect(lines.find(({ route }) => route === '/ward/:id')).toMatchObject({ trace: TRACE });
    expect(lines.find(({ msg }) => msg === 'stopped')).not.toHaveProperty('trace');
  });

  it('says nothing of ids, queries or errors’ texts', () => {
    expect(spans.length).toBeGreaterThan(0);
    expect(collector.text).not.toContain('Mustermann');
  });
});
