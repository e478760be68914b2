import { parseClusterConfig, prepareEngines } from '@anamnesis/cluster';
import { REALM, realmWith, KeycloakAdmin } from '@anamnesis/identity/keycloak';
import { Fault } from '@anamnesis/kernel';
import { TransitKeyEncryption } from '@anamnesis/key-vault/transit';
import { EngineError } from './engines/engine-error.ts';
import type { Log } from './engines/log.ts';
import { FACILITIES, type Secrets } from './secrets.ts';
import type { Admin } from './stack-options.ts';

/** Seconds. Whoever tries the record out, and the end-to-end suite, signs in once an hour. */
const TOKEN_SECONDS = 3_600;
const TRIES = 5;

export interface Prepared {
  readonly publicUrl: string;
  readonly kafka: readonly string[];
  readonly replicas: number;
  readonly mongodb: string;
  readonly keycloak: { readonly url: string; readonly admin: Admin };
  readonly replaceRealm: boolean;
  readonly transit: { readonly url: string; readonly token: string };
  readonly secrets: Secrets;
}

/** What must stand in an engine before the services come. Each step may be done again. */
const PREPARATIONS: readonly {
  readonly name: string;
  readonly run: (to: Prepared) => Promise<void>;
}[] = [
  { name: 'transit key', run: prepareTransit },
  { name: 'bus and database', run: prepareBusAndDatabase },
  { name: 'realm', run: prepareRealm },
];

/** Does every step, side by side. */
export async function prepare(to: Prepared, log: Log, signal: AbortSignal | undefined): Promise<void> {
  await Promise.all(
    PREPARATIONS.map(async ({ name, run }) => {
      const since = performance.now();
      await run(to).catch((error: unknown) => {
        if (error instanceof EngineError) throw error;
        throw new EngineError(`The ${name} could not be prepared: ${(error as Error).message}`, { cause: error });
      });
      log(`the ${name} is prepared after ${((performance.now() - since) / 1000).toFixed(1)} s`);
    }),
  );
  signal?.throwIfAborted();
}

async function prepareTransit({ transit }: Prepared): Promise<void> {
  const auth = { kind: 'token', token: transit.token } as const;
  const made = await TransitKeyEncryption.open({ address: transit.url, key: 'anamnesis', auth, create: true });
  made.close();
}

/** Topics, collections and indexes. */
async function prepareBusAndDatabase({ kafka, replicas, mongodb }: Prepared): Promise<void> {
  const parsed = parseClusterConfig({
    ANAMNESIS_KAFKA: kafka.join(','),
    ANAMNESIS_REPLICATION: String(replicas),
    ANAMNESIS_MONGODB: mongodb,
  });
  if (!parsed.ok)
    throw new EngineError(parsed.faults.map(({ variable, message }) => `${variable} ${message}`).join(', '));
  await prepareEngines(parsed.config, () => undefined);
}

async function prepareRealm({ keycloak, publicUrl, secrets, replaceRealm }: Prepared): Promise<void> {
  const { user: username, password } = keycloak.admin;
  const admin = new KeycloakAdmin({ keycloakUrl: keycloak.url, username, password });
  const document = realmWith({
    hostname: publicUrl,
    clientSecrets: secrets.clientSecrets,
    facilities: FACILITIES,
    demoUsers: { passwords: secrets.passwords },
    accessTokenLifespan: TOKEN_SECONDS,
  });
  // What a server that just started is asked first takes it long: nothing is changed before it answers in time.
  await repeated(() => admin.hasRealm(REALM));
  if (replaceRealm) await repeated(() => admin.replaceRealm(document));
  else if (!(await admin.importRealm(document))) {
    throw new EngineError(
      `Keycloak has a realm ${REALM} already, whose secrets are not known here; --replace-realm makes it anew`,
    );
  }
}

/** Work that may be repeated, tried again when an engine does not answer in time. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Fault && error.retryable) || tries === TRIES) throw error;
    }
  }
}
