import { RECORDS, type ContextName } from '@anamnesis/contracts';
import {
  type Cluster,
  RemoteAudit,
  RemoteContext,
  RemoteReadModel,
  runService,
  serviceProxy,
} from '@anamnesis/cluster';
import { warmValidation } from '@anamnesis/fhir/validation';
import type { ServiceName } from '@anamnesis/identity';
import { keycloakProxy } from '@anamnesis/identity/keycloak';
import { FAULT_PROBLEMS, publicUrlOf, VERSION } from '@anamnesis/service';
import type { AuditEventPage, FhirDependencies, Log } from './fhir/dependencies.ts';
import { recordedAccesses } from './fhir/recorded-accesses.ts';
import { gatewayModule } from './gateway.module.ts';
import { fhirRenderer } from './http/fhir-renderer.ts';
import { keysModule } from './http/keys.controller.ts';

/** Types that nearly every request is about: their validators are made before the first one comes. */
const WARM = ['Patient', 'Encounter', 'Observation', 'Condition', 'Bundle'] as const;

const CONTEXTS = ['patients', 'encounters', 'orders', 'billing', 'directory', 'audit'] as const satisfies ContextName[];

/** Domain APIs of other services, by the beginnings of their paths. */
const PASSED_ON: Readonly<Record<string, Readonly<Record<string, ServiceName>>>> = {
  '/api': { '/api/patients': 'patients' },
  '/audit': { '/audit': 'audit' },
  '/admin': {
    '/admin': 'patients',
    '/admin/projections': 'projections',
    '/admin/dead-letters': 'projections',
    '/admin/relay': 'relay',
  },
};

async function fhirOver(cluster: Cluster): Promise<FhirDependencies> {
  const { config } = cluster;
  const [store, journal, { recorder }] = [await cluster.store(), await cluster.journal(), await cluster.accesses()];
  const audit = new RemoteAudit<AuditEventPage, object>(await cluster.peer('audit'));
  const contexts = await Promise.all(
    CONTEXTS.map(async (name) => [name, new RemoteContext(name, await cluster.peer(name))] as const),
  );
  // The audit index knows times by place; the store would have to walk its log.
  const log: Log = {
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    readPositions: (positions) => store.readPositions(positions),
    head: () => store.head(),
    positionAt: (instant) => audit.positionAt(instant),
    subscribe: (options, handler) => store.subscribe(options, handler),
    close: () => store.close(),
  };
  return {
    journal,
    log,
    contexts: Object.fromEntries(contexts) as Readonly<Record<ContextName, RemoteContext>>,
    records: new RemoteReadModel(RECORDS, await cluster.peer('projections')),
    accesses: recordedAccesses(recorder),
    timeline: audit,
    auditEvents: audit,
    clock: () => Date.now(),
    limits: {
      depth: config.nesting,
      countDefault: config.countDefault,
      countMax: config.countMax,
      parameters: config.parameters,
      bundleEntries: 3_000,
      waitMs: config.positionWait,
    },
  };
}

await runService({
  service: 'gateway',
  about: 'the front door: FHIR R4, sign-in, and the way to the other services.',
  needs: ['patients', 'encounters', 'orders', 'billing', 'directory', 'audit', 'projections', 'relay'],
  compose: async (cluster) => {
    const { config, log, closing } = cluster;
    const fhir = await fhirOver(cluster);
    const baseUrl = (): string => (cluster.url === '' ? publicUrlOf(config) : cluster.url);
    const proxies = Object.entries(PASSED_ON).map(([prefix, routes]) =>
      serviceProxy({
        prefix,
        routes: Object.fromEntries(
          Object.entries(routes).map(([beginning, service]) => [beginning, config[service] ?? []]),
        ),
      }),
    );
    for (const proxy of proxies) closing.add(() => proxy.close());
    const signIn = keycloakProxy({ keycloakUrl: config.keycloak!, publicUrl: baseUrl, log });
    closing.add(() => signIn.close());
    warmValidation(WARM);
    const options = {
      version: VERSION,
      faultStatus: (fault: { readonly code: keyof typeof FAULT_PROBLEMS }) => FAULT_PROBLEMS[fault.code],
      onBug: (error: unknown, correlation: string) => log.error('a bug was answered with 500', { error, correlation }),
    };
    return {
      modules: [gatewayModule(fhir, options, baseUrl), keysModule(await cluster.vault())],
      mounts: [...proxies, ...signIn.mounts],
      renderers: [fhirRenderer],
    };
  },
});
