import { parseArgs } from 'node:util';
import { CASE_NAMES, CASES, type CaseName } from './cluster/case-names.ts';

export type Part = 'kill' | 'simulation';

export interface Asked {
  readonly profile: 'embedded';
  readonly parts: readonly Part[];
  readonly cycles: number;
  readonly seeds: number;
  readonly seed: string | undefined;
  readonly json: boolean;
}

export interface ClusterAsked {
  readonly profile: 'cluster';
  readonly cases: readonly CaseName[];
  readonly cycles: number;
  readonly minutes: number | undefined;
  readonly short: boolean;
  readonly instances: number;
  readonly seed: string | undefined;
  readonly json: boolean;
}

export const SHORT = { cycles: 5, seeds: 200 } as const;
const PARTS: readonly Part[] = ['simulation', 'kill'];

export const HELP = `Usage: npm run test:reliability [-- options]

Kills the record at random moments under concurrent writes, and drives its parts through seeded schedules of crash,
duplicate, reorder, delay and torn checkpoint. What was acknowledged must be there, once, and every read model must
equal a clean rebuild.

  --cycles n     how often the record is killed (default ${SHORT.cycles}; 1000 before a release)
  --seeds n      how many simulated cases (default ${SHORT.seeds}; 10000 before a release)
  --seed text    the seed of the kills, and of the simulation's cases; a case's own seed, as it is printed when it fails
                 (<seed>-<number>), with --only simulation --seeds 1 runs that one case. Default: a new one, printed
  --only part    kill or simulation
  --json         print the result as JSON
  --help         this text

  --profile cluster
                 starts the separate services with the real engines (see npm run stack) and makes faults under load.
                 After each: every acknowledged write is there once, by its history and by its Idempotency-Key; the
                 read model equals a clean rebuild from the log; the exported log verifies against checkpoints kept
                 elsewhere; every answered read has its access record; nothing lags. With it go --seed, --json and:
  --cases a,b    only these faults, in this order:
${CASE_NAMES.map((name) => `                   ${name.padEnd(12)} ${CASES[name]}\n`).join('')}  --cycles n     how often all of them are gone through (default 1)
  --minutes n    as often as there is time for, instead
  --short        outages last a third as long
  --instances n  processes of each service, 1 to 3 (default 1; of the relay always 2 at least)

Covered by npm run test:stack: duplicate and reordered delivery and a full topic (libs/event-bus), one of three brokers
lost or stopped (services/relay). A clock that is put ahead is that of a service's main thread.

Exit codes: 0 all held, 1 something did not, 2 wrong usage, 69 the stack did not start.
`;

const OPTIONS = {
  profile: { type: 'string', default: 'embedded' },
  cycles: { type: 'string' },
  seeds: { type: 'string' },
  seed: { type: 'string' },
  only: { type: 'string' },
  cases: { type: 'string' },
  minutes: { type: 'string' },
  short: { type: 'boolean' },
  instances: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const parsed = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS }).values;
type Values = ReturnType<typeof parsed>;

interface Wrong {
  readonly wrong: string;
}

/** What the arguments ask for; a text: what is wrong with them. */
export function asked(args: readonly string[]): Asked | ClusterAsked | 'help' | Wrong {
  let values: Values;
  try {
    values = parsed(args);
  } catch (error) {
    return { wrong: (error as Error).message };
  }
  if (values.help === true) return 'help';
  if (values.seed !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(values.seed)) {
    return { wrong: '--seed must be 1 to 64 letters, digits, dots, hyphens or underscores' };
  }
  if (values.profile === 'embedded') return embeddedAsked(values);
  if (values.profile === 'cluster') return clusterAsked(values);
  return { wrong: '--profile must be embedded or cluster' };
}

function embeddedAsked(values: Values): Asked | Wrong {
  const { cases, minutes, short, instances } = values;
  if ([cases, minutes, short, instances].some((value) => value !== undefined)) {
    return { wrong: '--cases, --minutes, --short and --instances go with --profile cluster' };
  }
  const cycles = countOf(values.cycles, SHORT.cycles);
  const seeds = countOf(values.seeds, SHORT.seeds);
  if (cycles === undefined) return { wrong: '--cycles must be a whole number from 1 to 1000000' };
  if (seeds === undefined) return { wrong: '--seeds must be a whole number from 1 to 1000000' };
  const parts = PARTS.filter((part) => values.only === undefined || part === values.only);
  if (parts.length === 0) return { wrong: '--only must be kill or simulation' };
  return { profile: 'embedded', parts, cycles, seeds, seed: values.seed, json: values.json === true };
}

function clusterAsked(values: Values): ClusterAsked | Wrong {
  if (values.only !== undefined || values.seeds !== undefined) {
    return { wrong: '--only and --seeds go with the embedded profile' };
  }
  if (values.cycles !== undefined && values.minutes !== undefined) {
    return { wrong: '--cycles and --minutes exclude each other' };
  }
  const cycles = countOf(values.cycles, 1);
  const minutes = values.minutes === undefined ? undefined : countOf(values.minutes, 1);
  if (cycles === undefined) return { wrong: '--cycles must be a whole number from 1 to 1000000' };
  if (values.minutes !== undefined && minutes === undefined) {
    return { wrong: '--minutes must be a whole number from 1 to 1000000' };
  }
  const { instances = '1', seed } = values;
  if (!/^[1-3]$/.test(instances)) return { wrong: '--instances must be from 1 to 3' };
  const names = values.cases?.split(',') ?? CASE_NAMES;
  const cases = names.filter(isCase);
  if (cases.length !== names.length) return { wrong: `--cases takes a list of ${CASE_NAMES.join(', ')}` };
  const [short, json] = [values.short === true, values.json === true];
  return { profile: 'cluster', cases, cycles, minutes, short, instances: Number(instances), seed, json };
}

const isCase = (name: string): name is CaseName => (CASE_NAMES as readonly string[]).includes(name);

function countOf(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000 ? Number(text) : undefined;
}

/** The cases' seeds: with one case asked for, the seed itself, so that a failed one can be run again. */
export function* caseSeeds(seed: string, count: number): Generator<string> {
  if (count === 1) yield seed;
  else for (let index = 0; index < count; index += 1) yield `${seed}-${index}`;
}
