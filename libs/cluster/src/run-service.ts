import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DynamicModule, Type } from '@nestjs/common';
import { PermissionGuard, type ServiceName } from '@anamnesis/identity';
import { Fault } from '@anamnesis/kernel';
import {
  Closing,
  createLog,
  describeConfig,
  type Mount,
  type ProblemRenderer,
  runUntilSignalled,
  type RunningService,
  startService,
  startTelemetry,
  UndeclaredRoutes,
} from '@anamnesis/service';
import { Cluster } from './cluster.ts';
import { parseClusterConfig, type SettingName } from './config.ts';
import { CLUSTER_SETTINGS } from './settings.ts';

/** sysexits.h */
const EX_USAGE = 64;
const EX_UNAVAILABLE = 69;
const EX_CONFIG = 78;

/** How long a start waits for engines that are not there yet; then it ends, to be started again. */
const START_PATIENCE_MS = 90_000;
const LONGEST_PAUSE_MS = 2_000;

/** What a service adds to what every one has. */
export interface Composed {
  readonly modules: readonly (Type | DynamicModule)[];
  readonly mounts?: readonly Mount[];
  readonly renderers?: readonly ProblemRenderer[];
  /** Called once it is listening, with the address it is reached by. */
  started?(url: string): Promise<void> | void;
  /** Called when the last request was answered, before anything is closed. */
  stopping?(): Promise<void> | void;
}

export interface ServicePlan {
  readonly service: ServiceName;
  /** One sentence, for --help. */
  readonly about: string;
  /** Settings without which this service cannot be. */
  readonly needs: readonly SettingName[];
  compose(cluster: Cluster): Promise<Composed>;
}

const NEEDED_BY_ALL: readonly SettingName[] = ['eventStore', 'mongodb', 'keycloak', 'issuer', 'clientSecret'];

/** The main program of a service of the cluster profile: reads the configuration, starts, runs until it is told to stop. */
export async function runService(plan: ServicePlan): Promise<void> {
  const asked = argumentsOf(plan);
  if (asked !== undefined) return void process.stdout.write(`${asked}\n`);
  const parsed = parseClusterConfig(process.env, [...NEEDED_BY_ALL, ...plan.needs]);
  if (!parsed.ok) {
    const lines = parsed.faults.map(({ variable, message }) => `  ${variable} ${message}`);
    return fail(EX_CONFIG, `The configuration has faults:\n${lines.join('\n')}\n--help lists every variable.`);
  }
  const { config } = parsed;
  process.env['OTEL_SERVICE_NAME'] ??= `anamnesis-${plan.service}`;
  const stopTelemetry = await startTelemetry(process.env);
  process.umask(0o077);
  const log = createLog(config.logLevel);
  const closing = new Closing();
  closing.add(stopTelemetry);
  const cluster = new Cluster({ service: plan.service, config, log, closing });
  try {
    const service = await start(plan, cluster);
    runUntilSignalled(service, log);
    process.stdout.write(`anamnesis ${plan.service} listens on ${service.url}\n`);
  } catch (error) {
    await closing.close().catch(() => undefined);
    const told = toldOf(error);
    if (told === undefined) throw error;
    fail(EX_UNAVAILABLE, `${plan.service} did not start: ${told}`);
  }
}

async function start(plan: ServicePlan, cluster: Cluster): Promise<RunningService> {
  const composed = await patiently(cluster, () => plan.compose(cluster));
  const guard = new PermissionGuard({
    verifier: await patiently(cluster, () => cluster.verifier()),
    denials: (await patiently(cluster, () => cluster.accesses())).identity,
  });
  const { config, log, health, closing } = cluster;
  const service = await startService({
    modules: composed.modules,
    config,
    log,
    health,
    guard,
    mounts: composed.mounts ?? [],
    renderers: composed.renderers ?? [],
    closeInOrder: [async () => composed.stopping?.(), () => closing.close()],
  });
  cluster.url = service.url;
  await composed.started?.(service.url);
  return service;
}

/** Engines may come up after the services do: what may pass is tried again for a while. */
async function patiently<T>({ log }: Cluster, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + START_PATIENCE_MS;
  for (let pause = 100; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable || performance.now() > until) throw error;
      log.warn('waiting for an engine', { code: error.code });
    }
    await sleep(pause);
  }
}

function argumentsOf({ service, about }: ServicePlan): string | undefined {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (!values.help) return undefined;
    return `anamnesis ${service}: ${about}\n\n${describeConfig(CLUSTER_SETTINGS)}`;
  } catch {
    fail(EX_USAGE, 'There is no such argument; the service is configured by the environment: --help');
    process.exit();
  }
}

function toldOf(error: unknown): string | undefined {
  if (error instanceof Fault || error instanceof UndeclaredRoutes) return error.message;
  const listening = error instanceof Error && 'syscall' in error && error.syscall === 'listen';
  return listening ? 'HOST and PORT cannot be listened on.' : undefined;
}

function fail(code: number, text: string): void {
  process.stderr.write(`${text}\n`);
  process.exitCode = code;
}
