import { type DynamicModule, Controller, Get, Inject, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RouteAction } from './route-action.ts';

/** What a check found. `reason` is a constant that names what is missing, for the operator. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export type HealthCheck = () => Readiness | Promise<Readiness>;

const CHECK_TIMEOUT_MS = 1_000;

/** The named things that must be ready before the service is. */
export class HealthRegistry {
  readonly #checks = new Map<string, HealthCheck>();
  #stopping = false;

  /** Adds or replaces the check of that name. */
  register(name: string, check: HealthCheck): void {
    this.#checks.set(name, check);
  }

  /** From now on nothing is ready: the service is on its way down. */
  stopping(): void {
    this.#stopping = true;
  }

  async readiness(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, Readiness>> }> {
    const entries = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await bounded(check)] as const),
    );
    if (this.#stopping) entries.push(['service', { ready: false, reason: 'stopping' }]);
    return { ready: entries.every(([, found]) => found.ready), checks: Object.fromEntries(entries) };
  }
}

/** A check that throws or hangs is not ready; its error's text may say anything, so it is not shown. */
async function bounded(check: HealthCheck): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Readiness>((resolve) => {
    timer = setTimeout(() => resolve({ ready: false, reason: 'did not answer in time' }), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([Promise.resolve(check()), late]);
  } catch {
    return { ready: false, reason: 'check failed' };
  } finally {
    clearTimeout(timer);
  }
}

@Controller('health')
class HealthController {
  readonly #registry: HealthRegistry;

  constructor(@Inject(HealthRegistry) registry: HealthRegistry) {
    this.#registry = registry;
  }

  @Get('live')
  @RouteAction('health')
  live(): object {
    return { status: 'live' };
  }

  @Get('ready')
  @RouteAction('health')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const { ready, checks } = await this.#registry.readiness();
    await reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks });
  }
}

@Module({})
class HealthModule {}

/** GET /health/live and /health/ready over the registry given. */
export function healthModule(registry: HealthRegistry): DynamicModule {
  return {
    module: HealthModule,
    controllers: [HealthController],
    providers: [{ provide: HealthRegistry, useValue: registry }],
  };
}
