/** A service with telemetry on, run as a process of its own by telemetry.spec.ts; ends by itself. */
import { Controller, Get, Module } from '@nestjs/common';
import {
  createLog,
  currentTraceparent,
  HealthRegistry,
  observeProjectionLag,
  recordAppend,
  RouteAction,
  startService,
  startTelemetry,
  trace,
} from '../src/index.ts';

@Controller()
class WardController {
  @Get('ward/:id')
  @RouteAction('open')
  async read(): Promise<object> {
    const stored = await trace('append', { events: 1 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      recordAppend(1, 1);
      return currentTraceparent();
    });
    // Later, elsewhere, by what the event carries.
    setTimeout(() => trace('project', {}, () => undefined, stored), 0);
    const failed = trace('failing', {}, () => Promise.reject(new Error('Mustermann')));
    await failed.catch(() => undefined);
    return {};
  }
}

@Module({ controllers: [WardController] })
class WardModule {}

const stopTelemetry = await startTelemetry(process.env);
observeProjectionLag('search', () => 7);
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
  log: createLog('silent'),
  health: new HealthRegistry(),
  guard: { knows: () => true, check: (_action, _request, done) => done() },
});
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
await fetch(`${service.url}/ward/Mustermann?name=Mustermann`, { headers: { traceparent } });
await fetch(`${service.url}/nowhere/Mustermann`);
await service.stop();
await stopTelemetry();
