import { openAccesses } from '@anamnesis/access';
import { keptRawLog, openAudit } from '@anamnesis/audit-service';
import { RECORDS } from '@anamnesis/contracts';
import { lagAfter } from '@anamnesis/event-store';
import { warmValidation } from '@anamnesis/fhir/validation';
import { fhirRenderer, gatewayModule, keysModule, type FhirDependencies } from '@anamnesis/gateway-service';
import { PermissionGuard } from '@anamnesis/identity';
import { openEmbeddedIssuer } from '@anamnesis/identity/embedded';
import { Fault, type Instant } from '@anamnesis/kernel';
import { Erasures, patientsModule } from '@anamnesis/patients-service';
import { Projections, projectionsModule } from '@anamnesis/projections-service';
import { openReadStore } from '@anamnesis/read-store/embedded';
import {
  Closing,
  createLog,
  FAULT_PROBLEMS,
  HealthRegistry,
  observeLag,
  publicUrlOf,
  startService,
  VERSION,
  type Config,
  type RunningService,
} from '@anamnesis/service';
import { auditParts } from './audit-parts.ts';

import { contextsOver } from './contexts.ts';
import { noteServer } from './server-file.ts';
import { openStorage } from './storage.ts';

export interface StartOptions {
  readonly config: Config;
  /** Where to listen instead of where the configuration says. */
  readonly listen?: { readonly host: string; readonly port: number };
}

export interface Anamnesis {
  readonly url: string;
  /** What is not ready yet, by name, with why; empty when everything is. */
  notReady(): Promise<readonly string[]>;
  /** The file with the demo users' passwords; absent when there are no demo users. */
  readonly demoUsersFile?: string;
  close(): Promise<void>;
}

/** Types that nearly every request is about: their validators are made before the first one comes. */
const WARM = ['Patient', 'Encounter', 'Observation', 'Condition', 'Bundle'] as const;

/** How long a start waits for erasures that it finished to reach the read models, in milliseconds. */
const RESUME_WAIT_MS = 600_000;

const SYSTEM = { actor: { id: 'system', role: 'operator', purpose: 'HOPERAT' }, correlation: 'start' } as const;

/**
 * The embedded profile: every service in one process, on one data folder. Resolves when it is ready to serve; on
 * failure everything opened is closed again and the cause is thrown (`Fault`, `UndeclaredRoutes`).
 */
export async function startAnamnesis(options: StartOptions): Promise<Anamnesis> {
  const config = { ...options.config, ...options.listen };
  const closing = new Closing();
  try {
    return await compose(config, closing);
  } catch (error) {
    await closing.close().catch(() => undefined);
    throw error;
  }
}

async function compose(config: Config, closing: Closing): Promise<Anamnesis> {
  const { dataFolder: folder } = config;
  const log = createLog(config.logLevel);
  const health = new HealthRegistry();
  const clock = (): Instant => Date.now();
  // The port is known when it is listened on; what needs the address asks for it later.
  const listening: { service?: RunningService } = {};
  const baseUrl = (): string => listening.service?.url ?? publicUrlOf(config);

  const storage = await openStorage(folder, config.erasures);
  closing.add(() => storage.close());
  const { journal, store } = storage;

  const reads = openReadStore({ folder: `${folder}/read` });
  closing.add(() => reads.close());
  const records = await reads.reader(RECORDS);

  const projections = await Projections.start({
    folder,
    log: store,
    head: store.headSignal,
    records,
    board: reads.board,
    ownBases: [`${baseUrl()}/fhir`],
  });
  closing.add(() => projections.stop());

  const accesses = await openAccesses({ spool: `${folder}/audit/spool`, journal, vault: storage.vault });
  closing.add(() => accesses.close());
  const audit = await openAudit({
    folder,
    head: store.headSignal,
    log: store,
    raw: keptRawLog(store),
    keys: storage.vault,
    observer: { site: 'anamnesis', observer: 'urn:anamnesis:embedded' },
  });
  closing.add(() => audit.close());
  const parts = auditParts({ audit, accesses, store, journal });

  const contexts = contextsOver(journal);
  const erasures = new Erasures({
    journal,
    vault: storage.vault,
    ledger: storage.ledger,
    retention: retentionOf(config),
    clock,
    lastRecordedAt: parts.lastRecordedAt,
    records,
  });
  // What a restored copy brought back is gone from the read models, too, before anybody can search.
  if ((await erasures.resume(SYSTEM)) > 0) await records.waitFor(await store.head(), RESUME_WAIT_MS);

  const issuer = await openEmbeddedIssuer({ ...config, publicUrl: baseUrl, events: parts.identity, log });
  closing.add(() => issuer.close());

  const identity = { ready: false };
  health.register('identity', () => (identity.ready ? { ready: true } : { ready: false, reason: 'starting' }));
  health.register('event-store', async () => {
    await store.readAll({ direction: 'backwards', limit: 1 });
    return { ready: true };
  });
  health.register('search-index', () => readiness(projections));
  health.register('audit-tree', () => {
    const { failure } = audit.tree;
    return failure
      ? { ready: false, reason: failure instanceof Fault ? failure.message : 'the audit thread has ended' }
      : { ready: true };
  });
  observeLag('projection', RECORDS, async () => lagAfter(store, await records.progress(), clock()));

  const fhir: FhirDependencies = {
    journal,
    log: store,
    contexts,
    records,
    accesses: parts.accesses,
    timeline: parts.questions,
    auditEvents: parts.questions,
    clock,
    limits: {
      depth: config.nesting,
      countDefault: config.countDefault,
      countMax: config.countMax,
      parameters: config.parameters,
      bundleEntries: 10_000,
      waitMs: config.positionWait,
    },
  };
  warmValidation(WARM);
  const service = (listening.service = await startService({
    modules: [
      gatewayModule(
        fhir,
        {
          version: VERSION,
          faultStatus: (fault) => FAULT_PROBLEMS[fault.code],
          onBug: (error, correlation) => log.error('a bug was answered with 500', { error, correlation }),
        },
        baseUrl,
      ),
      patientsModule({ context: contexts.patients, erasures, journal, clock }),
      projectionsModule(projections),
      keysModule(storage.vault),
      parts.module,
    ],
    config,
    log,
    health,
    guard: new PermissionGuard({ verifier: issuer.verifier, denials: parts.identity }),
    mounts: [issuer.mount],
    renderers: [fhirRenderer],
    closeInOrder: [() => parts.stopped().finally(() => closing.close())],
  }));
  await issuer.ready();
  identity.ready = true;
  const forget = await noteServer(folder, service.url);
  closing.add(forget);
  await parts.started();
  return {
    url: service.url,
    notReady: () => notReady(health),
    ...(issuer.demoUsersFile !== undefined && { demoUsersFile: issuer.demoUsersFile }),
    close: () => service.stop(),
  };
}

async function notReady(health: HealthRegistry): Promise<string[]> {
  const { checks } = await health.readiness();
  return Object.entries(checks).flatMap(([name, found]) => (found.ready ? [] : [`${name}: ${found.reason}`]));
}

function retentionOf(config: Config) {
  const { retentionClinicalYears: clinical, retentionFinancialYears: financial } = config;
  return { ...(clinical !== undefined && { clinical }), ...(financial !== undefined && { financial }) };
}

function readiness({ state: { state, reason } }: Projections) {
  if (state === 'following') return { ready: true } as const;
  return { ready: false, reason: `${state}${reason === undefined ? '' : ` (${reason})`}` } as const;
}
