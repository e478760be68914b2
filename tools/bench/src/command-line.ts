import { parseArgs } from 'node:util';
import { ROWS } from './rows/index.ts';
import { FULL, QUICK, type Settings } from './settings.ts';
import type { Profile, Row } from './bench.ts';

export interface Asked {
  readonly profile: Profile;
  readonly rows: readonly Row[];
  readonly json: boolean;
  readonly settings: Settings;
  readonly bundleFolder?: string;
  readonly server?: string;
  /** The folder of a stack that runs already. */
  readonly stackFolder?: string;
}

export const HELP = `Usage: npm run bench [-- options]

Measures every figure that the record is held to, each beside its bar, on records of its own in temporary folders.

  --profile p      embedded (default), or cluster: every service and engine as processes of their own
  --rows a,b       only these rows: ${ROWS.map(({ name }) => name).join(', ')}
  --seconds n      length of each timed run (default ${FULL.seconds})
  --quick          a small, short run of everything: shows that it works, its figures say little
  --data folder    use the bundles of this folder (.json, .json.gz) instead of synthetic charts
  --server url     measure this record, where a row can; tokens are made from the folder ANAMNESIS_DATA (default ./data)
  --stack-folder D measure the stack that \`npm run stack -- --folder D\` runs, where a row can (cluster profile)
  --json           print the result as JSON
  --help           this text

Exit codes: 0 all rows were measured (reached or not), 1 a row could not be measured, 2 wrong usage.
`;

/** What the arguments ask for; a text: what is wrong with them. */
export function asked(args: readonly string[]): Asked | 'help' | { readonly wrong: string } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        profile: { type: 'string', default: 'embedded' },
        'stack-folder': { type: 'string' },
        rows: { type: 'string' },
        seconds: { type: 'string' },
        quick: { type: 'boolean' },
        data: { type: 'string' },
        server: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { wrong: (error as Error).message };
  }
  if (values.help === true) return 'help';
  const { profile, 'stack-folder': stackFolder } = values;
  if (profile !== 'embedded' && profile !== 'cluster') return { wrong: '--profile must be embedded or cluster' };
  if (stackFolder !== undefined && profile === 'embedded') return { wrong: '--stack-folder needs --profile cluster' };
  if (values.server !== undefined && profile === 'cluster' && stackFolder === undefined)
    return { wrong: '--server needs --stack-folder there: secrets for its tokens are in that folder' };
  const names = values.rows?.split(',').map((name) => name.trim());
  const unknown = names?.filter((name) => !ROWS.some((row) => row.name === name)) ?? [];
  if (unknown.length > 0) return { wrong: `There is no such row: ${unknown.join(', ')}` };
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (seconds !== undefined && !(seconds >= 1 && seconds <= 3_600))
    return { wrong: '--seconds must be from 1 to 3600' };
  const server = values.server === undefined ? undefined : URL.parse(values.server);
  if (server === null || (server !== undefined && server.protocol !== 'http:'))
    return { wrong: '--server must be an http address' };
  const settings = values.quick === true ? QUICK : FULL;
  return {
    profile,
    rows: ROWS.filter(
      ({ name, clusterOnly }) => names?.includes(name) ?? (clusterOnly === undefined || profile === 'cluster'),
    ),
    json: values.json === true,
    settings: seconds === undefined ? settings : { ...settings, seconds },
    ...(values.data === undefined ? {} : { bundleFolder: values.data }),
    ...(stackFolder === undefined ? {} : { stackFolder }),
    ...(server === undefined ? {} : { server: server.origin }),
  };
}
