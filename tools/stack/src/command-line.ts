import { parseArgs } from 'node:util';
import type { Admin, StackOptions } from './stack-options.ts';

export const ENGINES = ['kafka', 'mongodb', 'keycloak', 'openbao'] as const;
export type EngineName = (typeof ENGINES)[number];

/** What hands over secrets, which have no place among arguments. */
export const ADMIN_VARIABLE = 'ANAMNESIS_KEYCLOAK_ADMIN';
export const TOKEN_VARIABLE = 'ANAMNESIS_TRANSIT_TOKEN';

export type Asked =
  | {
      readonly kind: 'engines';
      readonly only: readonly EngineName[];
      readonly brokers: 1 | 3;
      readonly envOut?: string;
    }
  | { readonly kind: 'stack'; readonly options: StackOptions; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const HELP = `usage: npm run stack [-- options]

Starts the record as separate services on this machine, with the engines that they need: Kafka, Keycloak and OpenBao,
a database that speaks MongoDB's protocol, and EventStoreDB's protocol over the embedded store. For laptops and tests.
Ctrl-C stops all of it. The first start fetches the engines (Java 17, Maven and Python 3.11 to 3.13 must be there).

  --instances n           processes of each service (default 1)
  --restart               start a service again that ends by itself
  --folder D              keep everything here (default: a temporary folder, removed at the end)
  --demo-passwords F      write the demo users' passwords here (default: demo-users.json of the folder)
  --json                  when ready, print one line of JSON with all addresses
  --brokers 1|3           nodes of Kafka (default 1)

What is there already is named, and then not started:
  --event-store esdb://…
  --kafka host:port,…
  --mongodb mongodb://…
  --keycloak http://…     with ${ADMIN_VARIABLE}=user:password of its realm master
  --replace-realm         make the realm anew if that Keycloak has one of our name: its people and sessions go
  --transit http://…      with ${TOKEN_VARIABLE}

The engines alone:
  --engines-only          print where they are as lines for a shell
  --only a,b              only these: ${ENGINES.join(', ')}
  --env-out F             write the lines to this file too (node takes --env-file for itself)

Exit codes: 0 stopped as told, 1 a service ended by itself, 64 wrong usage, 69 something did not start, 130 stopped twice.
`;

const OPTIONS = {
  instances: { type: 'string', default: '1' },
  restart: { type: 'boolean', default: false },
  folder: { type: 'string' },
  'demo-passwords': { type: 'string' },
  json: { type: 'boolean', default: false },
  brokers: { type: 'string', default: '1' },
  'event-store': { type: 'string' },
  kafka: { type: 'string' },
  mongodb: { type: 'string' },
  keycloak: { type: 'string' },
  'replace-realm': { type: 'boolean', default: false },
  transit: { type: 'string' },
  'engines-only': { type: 'boolean', default: false },
  only: { type: 'string' },
  'env-out': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What the arguments ask for. */
export function asked(args: readonly string[], env: NodeJS.ProcessEnv = {}): Asked {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS }));
  } catch (error) {
    return wrong((error as Error).message);
  }
  if (values.help === true) return { kind: 'help' };
  if (values.brokers !== '1' && values.brokers !== '3') return wrong('--brokers must be 1 or 3');
  const brokers = values.brokers === '1' ? 1 : 3;
  if (values['engines-only']) return enginesAsked(values.only, brokers, values['env-out']);
  if (values.only !== undefined || values['env-out'] !== undefined) {
    return wrong('--only and --env-out go with --engines-only');
  }
  if (!/^[1-8]$/.test(values.instances)) return wrong('--instances must be from 1 to 8');
  const given = givenEngines(values, env);
  if ('kind' in given) return given;
  const { folder, 'demo-passwords': passwordsFile } = values;
  const options: StackOptions = {
    ...given,
    instances: Number(values.instances),
    brokers,
    restart: values.restart,
    replaceRealm: values['replace-realm'],
    ...(folder !== undefined && { folder }),
    ...(passwordsFile !== undefined && { passwordsFile }),
  };
  return { kind: 'stack', options, json: values.json };
}

function enginesAsked(only: string | undefined, brokers: 1 | 3, envOut: string | undefined): Asked {
  const names = only?.split(',') ?? [...ENGINES];
  const known = ENGINES.filter((name) => names.includes(name));
  if (known.length !== names.length) return wrong(`--only takes a list of ${ENGINES.join(', ')}`);
  return { kind: 'engines', only: known, brokers, ...(envOut !== undefined && { envOut }) };
}

interface Named {
  readonly 'event-store'?: string | undefined;
  readonly kafka?: string | undefined;
  readonly mongodb?: string | undefined;
  readonly keycloak?: string | undefined;
  readonly transit?: string | undefined;
}

type Given = Pick<StackOptions, 'eventStore' | 'kafka' | 'mongodb' | 'keycloak' | 'transit'>;

function givenEngines(named: Named, env: NodeJS.ProcessEnv): Given | (Asked & { kind: 'wrong' }) {
  const { 'event-store': eventStore, mongodb, keycloak, transit } = named;
  const kafka = named.kafka?.split(',');
  if (eventStore !== undefined && !/^esdb(\+discover)?:\/\/\S+$/.test(eventStore)) {
    return wrong('--event-store must be an esdb:// address');
  }
  if (kafka?.every((broker) => /^[^\s:,]+:\d{1,5}$/.test(broker)) === false) {
    return wrong('--kafka must be host:port pairs, separated by commas');
  }
  if (mongodb !== undefined && !/^mongodb(\+srv)?:\/\/\S+$/.test(mongodb)) {
    return wrong('--mongodb must be a mongodb:// address');
  }
  for (const [name, url] of Object.entries({ keycloak, transit })) {
    if (url !== undefined && !/^https?:\/\/[^\s/]+$/.test(url)) {
      return wrong(`--${name} must be an http or https address without a path`);
    }
  }
  const admin = adminOf(env[ADMIN_VARIABLE]);
  if (keycloak !== undefined && admin === undefined) return wrong(`--keycloak needs ${ADMIN_VARIABLE}=user:password`);
  const token = env[TOKEN_VARIABLE];
  if (transit !== undefined && !token) return wrong(`--transit needs ${TOKEN_VARIABLE}`);
  return {
    ...(eventStore !== undefined && { eventStore }),
    ...(kafka !== undefined && { kafka }),
    ...(mongodb !== undefined && { mongodb }),
    ...(keycloak !== undefined && { keycloak: { url: keycloak, admin: admin! } }),
    ...(transit !== undefined && { transit: { url: transit, token: token! } }),
  };
}

/** `user:password`; the password may have colons. */
export function adminOf(text: string | undefined): Admin | undefined {
  const found = /^([^:]+):(.+)$/s.exec(text ?? '');
  return found === null ? undefined : { user: found[1]!, password: found[2]! };
}

const wrong = (message: string): Asked & { kind: 'wrong' } => ({ kind: 'wrong', message });
