import { SERVICES, type ServiceName } from '@anamnesis/identity';

/** What a service is told, beside what all are told. */
export interface ServiceRow {
  /** The program, relative to the repository. */
  readonly main: string;
  /** Which other services it asks; their addresses are handed to it. */
  readonly asks: readonly ServiceName[];
  /** Whether it makes the platform's own address its own. */
  readonly front?: true;
  /** Settings of its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

const CONTEXTS = ['patients', 'encounters', 'orders', 'billing', 'directory'] as const;
const CONTEXT_ASKS = [...CONTEXTS, 'audit', 'projections'] as const;
const row = (service: ServiceName, asks: readonly ServiceName[] = []): ServiceRow => ({
  main: `services/${service}/src/main.ts`,
  asks: asks.filter((name) => name !== service),
});

/** Every service of the cluster profile. */
export const SERVICE_TABLE: { readonly [Name in ServiceName]: ServiceRow } = {
  gateway: { ...row('gateway', SERVICES), front: true },
  patients: row('patients', CONTEXT_ASKS),
  encounters: row('encounters', CONTEXT_ASKS),
  orders: row('orders', CONTEXT_ASKS),
  billing: row('billing', CONTEXT_ASKS),
  directory: row('directory', CONTEXT_ASKS),
  audit: row('audit', CONTEXT_ASKS),
  projections: row('projections', CONTEXT_ASKS),
  relay: row('relay'),
};

/** What the processes of one stack share. */
export interface Surroundings {
  /** What people reach the record by: the first gateway. */
  readonly publicUrl: string;
  readonly issuer: string;
  readonly eventStore: string;
  readonly kafka: readonly string[];
  readonly mongodb: string;
  readonly keycloak: string;
  readonly transit: { readonly url: string; readonly tokenFile: string };
  readonly erasures: string;
  /** The secret of the account that reads Keycloak's own record of sign-ins. */
  readonly signInsSecretFile: string;
  /** Replicas of each topic: as many as Kafka has brokers. */
  readonly replicas: number;
  readonly addresses: { readonly [Name in ServiceName]: readonly string[] };
}

export interface Instance {
  readonly service: ServiceName;
  /** From 1. */
  readonly number: number;
  readonly port: number;
  /** Its own: nobody else writes there. */
  readonly dataFolder: string;
  readonly secretFile: string;
}

/** The settings of one process, as its environment has them. */
export function settingsOf(instance: Instance, around: Surroundings): Readonly<Record<string, string>> {
  const { asks, front, settings } = SERVICE_TABLE[instance.service];
  return {
    HOST: '127.0.0.1',
    PORT: String(instance.port),
    PUBLIC_URL: around.publicUrl,
    // They reach each other on loopback, and the front door says who really asked.
    ...(front !== true && { ANAMNESIS_TRUSTED_PROXIES: '127.0.0.1' }),
    ANAMNESIS_INSTANCE: String(instance.number),
    ANAMNESIS_DATA: instance.dataFolder,
    ANAMNESIS_ERASURES: around.erasures,
    ANAMNESIS_LOG_LEVEL: 'warn',
    ANAMNESIS_EVENT_STORE: around.eventStore,
    ANAMNESIS_KAFKA: around.kafka.join(','),
    ANAMNESIS_MONGODB: around.mongodb,
    ANAMNESIS_KEYCLOAK: around.keycloak,
    ANAMNESIS_ISSUER: around.issuer,
    ANAMNESIS_CLIENT_SECRET_FILE: instance.secretFile,
    ...(instance.service === 'audit' && { ANAMNESIS_SIGN_INS_SECRET_FILE: around.signInsSecretFile }),
    ANAMNESIS_TRANSIT: around.transit.url,
    ANAMNESIS_TRANSIT_TOKEN_FILE: around.transit.tokenFile,
    ANAMNESIS_REPLICATION: String(around.replicas),
    ...Object.fromEntries(asks.map((name) => [`ANAMNESIS_${name.toUpperCase()}`, around.addresses[name].join(',')])),
    ...settings,
  };
}
