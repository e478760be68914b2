import { startKafka, type RunningKafka } from './engines/kafka.ts';
import { startKeycloak, type RunningKeycloak } from './engines/keycloak.ts';
import type { Log } from './engines/log.ts';
import { startMongo, type RunningMongo } from './engines/mongo.ts';
import { startOpenBao, type RunningOpenBao } from './engines/openbao.ts';
import type { EngineName } from './command-line.ts';
import { killAllStarted } from './processes/started-process.ts';

/** The engines that were started; one that was not asked for is absent. */
export interface EngineSet {
  readonly kafka?: RunningKafka;
  readonly mongodb?: RunningMongo;
  readonly keycloak?: RunningKeycloak;
  readonly openbao?: RunningOpenBao;
  stop(): Promise<void>;
}

export interface EngineSetOptions {
  readonly only: readonly EngineName[];
  readonly brokers?: 1 | 3;
  /** Each engine's folder is made below this one. Without it each has a temporary one. */
  readonly folder?: string;
  /** Given up when this is aborted: what was started is stopped. */
  readonly signal?: AbortSignal;
  readonly log: Log;
}

type Started = { -readonly [Name in EngineName]?: NonNullable<EngineSet[Name]> };

/** Starts engines side by side. When one fails, or it is given up, all are stopped and it rejects. */
export async function startEngines({ only, brokers, folder, signal, log }: EngineSetOptions): Promise<EngineSet> {
  const started: Started = {};
  const place = (name: EngineName): { folder?: string; log: Log } => ({
    log,
    ...(folder !== undefined && { folder: `${folder}/${name}` }),
  });
  const starts: { readonly [Name in EngineName]: () => Promise<void> } = {
    kafka: async () => {
      started.kafka = await startKafka({ ...place('kafka'), ...(brokers !== undefined && { brokers }) });
    },
    mongodb: async () => {
      started.mongodb = await startMongo(place('mongodb'));
    },
    keycloak: async () => {
      started.keycloak = await startKeycloak(place('keycloak'));
    },
    openbao: async () => {
      started.openbao = await startOpenBao(place('openbao'));
    },
  };
  const stop = async (): Promise<void> => {
    await Promise.all(Object.values(started).map((engine) => engine.stop()));
  };
  // Told to stop while they start, nobody waits until they are ready.
  signal?.addEventListener('abort', killAllStarted);
  const results = await Promise.allSettled(
    only.map(async (name) => {
      const since = performance.now();
      await starts[name]();
      log(`${name} is ready after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    }),
  );
  signal?.removeEventListener('abort', killAllStarted);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined || signal?.aborted === true) {
    await stop();
    throw failed?.reason ?? signal?.reason;
  }
  return { ...started, stop };
}

/** Where the engines are, by the names of the variables that suites look for. */
export function testVariables({ kafka, mongodb, keycloak, openbao }: EngineSet): Readonly<Record<string, string>> {
  return {
    ...(kafka && { ANAMNESIS_TEST_KAFKA: kafka.bootstrap.join(',') }),
    ...(mongodb && { ANAMNESIS_TEST_MONGODB: mongodb.url }),
    ...(keycloak && {
      ANAMNESIS_TEST_KEYCLOAK: keycloak.url,
      ANAMNESIS_TEST_KEYCLOAK_ADMIN: `${keycloak.admin.user}:${keycloak.admin.password}`,
    }),
    ...(openbao && { ANAMNESIS_TEST_TRANSIT: openbao.url, ANAMNESIS_TEST_TRANSIT_TOKEN: openbao.token }),
  };
}
