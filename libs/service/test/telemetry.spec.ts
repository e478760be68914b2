import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { currentTraceparent, startTelemetry, telemetryAsked, trace } from '../src/index.ts';

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
  it('runs what it is given and knows no trace', async () => {
    const stop = await startTelemetry({});
    expect(trace('work', {}, () => currentTraceparent() ?? 'none')).toBe('none');
    await expect(trace('work', {}, () => Promise.reject(new Error('as it was')))).rejects.toThrow('as it was');
    await stop();
  });
});

describe('telemetry over OTLP', () => {
  const received: { readonly path: string; readonly body: string }[] = [];
  let collector: Server;

  beforeAll(async () => {
    collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        received.push({ path: request.url ?? '', body });
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    // A process of its own: the SDK's providers are global, and its switches are environment variables.
    const subject = fileURLToPath(new URL('./telemetry-subject.ts', import.meta.url));
    const loader = new URL('../../../tools/typescript.mjs', import.meta.url).href;
    await promisify(execFile)(process.execPath, ['--import', loader, subject], {
      env: {
        PATH: process.env['PATH'],
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      },
    });
  });

  afterAll(() => new Promise((resolve) => collector.close(resolve)));

  const sent = (path: string): string =>
    received
      .filter((post) => post.path === path)
      .map(({ body }) => body)
      .join('\n');

  it('carries one trace from the caller through the request to the work of a projection', () => {
    const spans = [...sent('/v1/traces').matchAll(/"traceId":"([0-9a-f]{32})".{0,200}?"name":"([^"]+)"/g)];
    const names = spans
      .filter(([, traceId]) => traceId === '0af7651916cd43dd8448eb211c80319c')
      .map(([, , name]) => name);
    expect(names.sort()).toEqual(['GET /ward/:id', 'append', 'failing', 'project']);
  });

  it('counts requests by route, appends, refusals by code and the lag of projections', () => {
    const metrics = sent('/v1/metrics');
    for (const name of [
      'http.server.request.duration',
      'anamnesis.append.duration',
      'anamnesis.refusals',
      'anamnesis.projection.lag',
    ]) {
      expect(metrics).toContain(`"${name}"`);
    }
    expect(metrics).toContain('/ward/:id');
    expect(metrics).toContain('not-found');
  });

  it('says nothing of ids, queries or errors’ texts', () => {
    expect(received.length).toBeGreaterThan(0);
    expect(JSON.stringify(received)).not.toContain('Mustermann');
  });
});
