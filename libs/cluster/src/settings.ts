import { duration, list, type Setting, setting, SETTINGS, text, webOrigin, wholeNumber } from '@anamnesis/service';
import { SERVICES, type ServiceName } from '@anamnesis/identity';

const ORIGINS = list(/^https?:\/\/[^\s/,?#@]+$/, 'must be http or https addresses without a path, separated by commas');

/** Where the instances of a service are reached by the others. */
const addressOf = (service: ServiceName) =>
  setting(
    `ANAMNESIS_${service.toUpperCase()}`,
    `Where the other services reach ${service}: the address of its load balancer, or of each instance (comma-separated).`,
    ORIGINS,
    undefined,
  );

/** What one process of everything has alone: its own issuer, with its users. */
const { facilities, demoUsers, webRedirects, tokenTtl, retentionAccessYears, ...SHARED } = SETTINGS;

/** Every setting of the services of the cluster profile; each service reads those that it needs. */
export const CLUSTER_SETTINGS = {
  ...SHARED,
  dataFolder: {
    ...SHARED.dataFolder,
    description: "The service's own folder: access records that wait, the audit tree.",
  },
  instance: setting(
    'ANAMNESIS_INSTANCE',
    'Names this process among those of its service; two of them must not share a name. Without it: the host name.',
    text,
    undefined,
  ),
  eventStore: setting(
    'ANAMNESIS_EVENT_STORE',
    'The connection string of EventStoreDB (esdb:// or esdb+discover://), with credentials and TLS settings.',
    text,
    undefined,
  ),
  kafka: setting(
    'ANAMNESIS_KAFKA',
    'The bootstrap addresses of Kafka (comma-separated host:port).',
    list(/^[^\s,:]+:\d{1,5}$/, 'must be host:port pairs separated by commas'),
    undefined,
  ),
  kafkaTls: setting(
    'ANAMNESIS_KAFKA_CA',
    'The PEM file of the authority that signed the brokers; turns TLS on.',
    text,
    undefined,
  ),
  kafkaUser: setting('ANAMNESIS_KAFKA_USER', 'The SASL user (SCRAM-SHA-512).', text, undefined),
  kafkaPassword: setting('ANAMNESIS_KAFKA_PASSWORD', 'The SASL password.', text, undefined),
  partitions: setting(
    'ANAMNESIS_PARTITIONS',
    'Partitions of each topic, when topics are created.',
    wholeNumber(1, 256),
    '4',
  ),
  replication: setting(
    'ANAMNESIS_REPLICATION',
    'Replicas of each topic, when topics are created.',
    wholeNumber(1, 9),
    '1',
  ),
  mongodb: setting(
    'ANAMNESIS_MONGODB',
    'The connection string of MongoDB (mongodb:// or mongodb+srv://).',
    text,
    undefined,
  ),
  keycloak: setting('ANAMNESIS_KEYCLOAK', 'Where the services reach Keycloak.', webOrigin, undefined),
  issuer: setting(
    'ANAMNESIS_ISSUER',
    'The address of the realm as tokens name it: https://record.example/realms/anamnesis.',
    text,
    undefined,
  ),
  clientSecret: setting('ANAMNESIS_CLIENT_SECRET', "The secret of the service's account in Keycloak.", text, undefined),
  signInsSecret: setting(
    'ANAMNESIS_SIGN_INS_SECRET',
    "The secret of the account anamnesis-sign-ins, by which audit reads Keycloak's own record of sign-ins. Without it sign-ins do not stand in the trail.",
    text,
    undefined,
  ),
  transit: setting(
    'ANAMNESIS_TRANSIT',
    'Where HashiCorp Vault or OpenBao holds the key-encryption key (transit API). Without it: a key file.',
    webOrigin,
    undefined,
  ),
  transitKey: setting('ANAMNESIS_TRANSIT_KEY', 'The name of the transit key.', text, 'anamnesis'),
  transitToken: setting('ANAMNESIS_TRANSIT_TOKEN', 'The token for the transit API.', text, undefined),
  transitTokenFile: setting(
    'ANAMNESIS_TRANSIT_TOKEN_FILE',
    'The file with that token, where an agent renews it: it is read again whenever it changes.',
    text,
    undefined,
  ),
  keyFolder: setting(
    'ANAMNESIS_KEY_FOLDER',
    'The mounted folder with the versions of the key-encryption key (kek-1, kek-2, ...: 32 bytes in base64), where there is no transit API.',
    text,
    undefined,
  ),
  queryBudget: setting(
    'ANAMNESIS_QUERY_BUDGET',
    'How long MongoDB may work on one search before it is answered with 503.',
    duration(100, 600_000),
    '5s',
  ),
  relayStandBy: setting(
    'ANAMNESIS_RELAY_STAND_BY',
    'How long a relay that was replaced waits before it tries again.',
    duration(100, 600_000),
    '5s',
  ),
  ...(Object.fromEntries(SERVICES.map((service) => [service, addressOf(service)])) as Record<
    ServiceName,
    ReturnType<typeof addressOf>
  >),
} as const satisfies Readonly<Record<string, Setting>>;

/** Settings whose value may stand in a file instead, named by the variable with `_FILE` behind it. */
export const SECRETS = ['eventStore', 'kafkaPassword', 'mongodb', 'clientSecret', 'signInsSecret'] as const;
