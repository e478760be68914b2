/** A service run as a process of its own by signals.spec.ts. Prints its address; ends when told to. */
import { Controller, Get, Module } from '@nestjs/common';
import { createLog, HealthRegistry, RouteAction, runUntilSignalled, startService } from '../src/index.ts';

@Controller()
class SubjectController {
  @Get('slow')
  @RouteAction('open')
  async slow(): Promise<object> {
    process.stdout.write('arrived\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { done: true };
  }

  @Get('bug')
  @RouteAction('open')
  bug(): object {
    setImmediate(() => {
      throw new Error('Mustermann');
    });
    return {};
  }
}

@Module({ controllers: [SubjectController] })
class SubjectModule {}

const log = createLog('info');
const service = await startService({
  modules: [SubjectModule],
  config: {
    host: '127.0.0.1',
    port: 0,
    publicUrl: undefined,
    trustedProxies: undefined,
    bodyBytes: 1_024,
    shutdownWait: 5_000,
  },
  log,
  health: new HealthRegistry(),
  guard: { knows: () => true, check: (_action, _request, done) => done() },
  closeInOrder: [() => void process.stdout.write('closed\n')],
});
runUntilSignalled(service, log);
process.stdout.write(`${service.url}\n`);
