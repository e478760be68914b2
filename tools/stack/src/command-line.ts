import { parseArgs } from 'node:util';

export const ENGINES = ['kafka', 'mongodb', 'keycloak', 'openbao'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Asked {
  readonly enginesOnly: boolean;
  /** Which engines are started, of those that are not there already. */
  readonly only: readonly EngineName[];
  readonly brokers: 1 | 3;
  readonly envOut?: string;
}

export const HELP = `usage: npm run stack -- --engines-only [options]

  --engines-only      start the engines and nothing else, and print where they are as lines for a shell
  --only a,b          only these engines: ${ENGINES.join(', ')}
  --brokers 1|3       nodes of Kafka (default 1)
  --env-file F        write the lines to this file too
  --help              this text
`;

/** What the arguments ask for; a text: what is wrong with them. */
export function asked(args: readonly string[]): Asked | 'help' | { readonly wrong: string } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        'engines-only': { type: 'boolean' },
        only: { type: 'string' },
        brokers: { type: 'string' },
        'env-out': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { wrong: (error as Error).message };
  }
  if (values.help === true) return 'help';
  const names = values.only?.split(',') ?? [...ENGINES];
  const only = ENGINES.filter((name) => names.includes(name));
  if (only.length !== names.length) return { wrong: `--only takes a list of ${ENGINES.join(', ')}` };
  const brokers = values.brokers ?? '1';
  if (brokers !== '1' && brokers !== '3') return { wrong: '--brokers must be 1 or 3' };
  return {
    enginesOnly: values['engines-only'] === true,
    only,
    brokers: brokers === '1' ? 1 : 3,
    ...(values['env-out'] !== undefined && { envOut: values['env-out'] }),
  };
}
