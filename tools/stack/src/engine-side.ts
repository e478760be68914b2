import { join } from 'node:path';
import type { EngineName } from './command-line.ts';
import { startEngines, type EngineSet } from './engine-set.ts';
import type { Log } from './engines/log.ts';
import { startEventStore, type RunningEventStore } from './event-store.ts';
import type { Prepared } from './preparations.ts';
import type { StackOptions } from './stack-options.ts';

/** What has been started so far, so that a start that fails leaves nothing. */
export type Undo = (() => Promise<void>)[];

/** Starts the engines and the event store, side by side; those that were given are left out. */
export async function startEngineSide(
  options: StackOptions,
  { folder, logFolder, log }: { folder: string; logFolder: string; log: Log },
  undo: Undo,
): Promise<[EngineSet, RunningEventStore | undefined]> {
  const given: { readonly [Name in EngineName]: boolean } = {
    kafka: options.kafka !== undefined,
    mongodb: options.mongodb !== undefined,
    keycloak: options.keycloak !== undefined,
    openbao: options.transit !== undefined,
  };
  const only = (Object.keys(given) as EngineName[]).filter((name) => !given[name]);
  const { brokers, signal, eventStore } = options;
  const engines = startEngines({
    only,
    folder: join(folder, 'engines'),
    log,
    ...(brokers !== undefined && { brokers }),
    ...(signal !== undefined && { signal }),
  }).then((started) => {
    undo.push(() => started.stop());
    return started;
  });
  const store =
    eventStore !== undefined
      ? Promise.resolve(undefined)
      : startEventStore(join(folder, 'event-store'), logFolder).then((started) => {
          undo.push(() => started.stop());
          return started;
        });
  // Both are waited for: one that is still starting when the other fails would not be stopped.
  const [first, second] = await Promise.allSettled([engines, store]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

export type EngineAddresses = Pick<Prepared, 'kafka' | 'replicas' | 'mongodb' | 'keycloak' | 'transit'> & {
  readonly eventStore: string;
};

export function engineAddresses(
  { kafka, mongodb, keycloak, transit, eventStore }: StackOptions,
  engines: EngineSet,
  store: RunningEventStore | undefined,
): EngineAddresses {
  const bootstrap = kafka ?? engines.kafka!.bootstrap;
  return {
    eventStore: eventStore ?? store!.url,
    kafka: bootstrap,
    replicas: bootstrap.length,
    mongodb: mongodb ?? engines.mongodb!.url,
    keycloak: keycloak ?? engines.keycloak!,
    transit: transit ?? engines.openbao!,
  };
}
