/** A service with telemetry on, run as a process of its own by telemetry.spec.ts; ends by itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { Controller, Get, Module } from '@nestjs/common';
import {
  countRefusal,
  createLog,
  currentTraceparent,
  eventsByTrace,
  HealthRegistry,
  observeLag,
  recordDuration,
  RouteAction,
  startService,
  startTelemetry,
  trace,
  traceBatch,
  traceHttp,
} from '../src/index.ts';

const lines: string[] = [];
const log = createLog('info', new Writable({ write: (line, _encoding, done) => (lines.push(String(line)), done()) }));
const stored: { readonly meta: string }[] = [];

@Controller()
class WardController {
  @Get('ward/:id')
  @RouteAction('open')
  async read(): Promise<object> {
    await trace('append', { events: 1 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      recordDuration('db.client.operation.duration', 1, { 'db.operation.name': 'append' });
      stored.push({ meta: JSON.stringify({ traceparent: currentTraceparent() }) });
    });
    log.info('in the midst of it');
    const failed = trace('failing', {}, () => Promise.reject(new Error('Mustermann')));
    await failed.catch(() => undefined);
    const call = { method: 'POST', template: '/other', address: other.address };
    await traceHttp(call, async (answered) => {
      const { status } = await fetch(`${other.address}/other?name=Mustermann`, {
        method: 'POST',
        headers: { traceparent: currentTraceparent() ?? '' },
      });
      answered(status);
    });
    return {};
  }
}

@Module({ controllers: [WardController] })
class WardModule {}

/** Another service, which refuses. */
async function otherService() {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers['traceparent'] as string | undefined);
    response.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { heard, address, close: () => server.close().closeAllConnections() };
}

const stopTelemetry = await startTelemetry(process.env);
const other = await otherService();
observeLag('projection', 'search', async () => ({ events: 7, seconds: 2 }));
observeLag('relay', 'log', () => Promise.reject(new Error('Mustermann')));
countRefusal('not-allowed');
const service = await startService({
  modules: [WardModule],
  config: {
    host: '127.0.0.1',
    port: 0,
    publicUrl: undefined,
    trustedProxies: undefined,
    bodyBytes: 1_024,
    shutdownWait: 1_000,
  },
  log,
  health: new HealthRegistry(),
  guard: { knows: () => true, check: (_action, _request, done) => done() },
});
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
await fetch(`${service.url}/ward/Mustermann?name=Mustermann`, { headers: { traceparent } });
await fetch(`${service.url}/nowhere/Mustermann`);
await fetch(`${service.url}/health/ready`);
// Later, elsewhere, by what the event carries.
const events = [...stored, ...stored, { meta: '{"traceparent":"no traceparent"}' }];
const part = { name: 'process ward', role: 'consumer', attributes: {} } as const;
const parts = [...eventsByTrace(events).keys()].map((parent) => ({ ...part, parent }));
await traceBatch(
  () => ({ ...part, name: 'process all', parts }),
  async () => undefined,
);
const failing = traceBatch(
  () => ({ ...part, name: 'process in vain', parts }),
  () => Promise.reject(new Error('Mustermann')),
);
await failing.catch(() => undefined);
await service.stop();
await stopTelemetry();
other.close();
process.stdout.write(JSON.stringify({ lines, heard: other.heard }));
