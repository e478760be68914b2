import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from './config.ts';
import { publicUrlOf } from './config.ts';
import { type HealthRegistry, healthModule } from './health.ts';
import { createFastify } from './fastify-server.ts';
import type { Log } from './log.ts';
import { type Mount, mountAll } from './mount.ts';
import { ProblemFilter, type ProblemRenderer } from './problem-filter.ts';
import { RouteCensus, type RouteGuard } from './route-guard.ts';

export type HttpConfig = Pick<Config, 'host' | 'port' | 'publicUrl' | 'trustedProxies' | 'bodyBytes' | 'shutdownWait'>;

export interface ServiceOptions {
  readonly modules: readonly (Type | DynamicModule)[];
  readonly config: HttpConfig;
  readonly log: Log;
  readonly health: HealthRegistry;
  readonly guard: RouteGuard;
  /** Handlers of raw requests beside Nest's routes. */
  readonly mounts?: readonly Mount[];
  readonly renderers?: readonly ProblemRenderer[];
  /** What is closed after the last request was answered, in this order. */
  readonly closeInOrder?: readonly (() => Promise<void> | void)[];
}

export interface RunningService {
  readonly app: NestFastifyApplication;
  /** The base address, without a trailing slash. */
  readonly url: string;
  /** The port really listened on. */
  readonly port: number;
  /** Stops listening, lets requests in flight finish (bounded), closes the rest in order; idempotent. */
  stop(): Promise<void>;
}

/** Throws UndeclaredRoutes when a route has no entry in the permission matrix. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const { config, log, guard, health } = options;
  const filter = new ProblemFilter(log, options.renderers);
  const census = new RouteCensus(guard);
  const fastify = createFastify({ config, log, guard, filter });
  fastify.addHook('onRoute', (route) => census.add(route));
  const root: DynamicModule = { module: ServiceRoot, imports: [...options.modules, healthModule(health)] };
  // Nest's own logging is off: it would write addresses and messages. What fails at start is thrown.
  const nest = { logger: false, bodyParser: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(fastify), nest);
  app.useGlobalFilters(filter);
  mountAll(fastify, options.mounts ?? []);
  try {
    await app.init();
    await fastify.ready();
    census.assertAllDeclared();
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = fastify.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  let stopped: Promise<void> | undefined;
  return {
    app,
    url: publicUrlOf(config, port),
    port,
    stop: () => (stopped ??= stopService(app, options)),
  };
}

async function stopService(app: NestFastifyApplication, options: ServiceOptions): Promise<void> {
  options.health.stopping();
  const fastify = app.getHttpAdapter().getInstance();
  const cut = setTimeout(() => fastify.server.closeAllConnections(), options.config.shutdownWait);
  await fastify.close();
  clearTimeout(cut);
  await app.close();
  for (const close of options.closeInOrder ?? []) await close();
  options.log.info('stopped');
  options.log.flush();
}

class ServiceRoot {}
