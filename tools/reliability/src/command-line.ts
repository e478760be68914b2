import { parseArgs } from 'node:util';

export type Part = 'kill' | 'simulation';

export interface Asked {
  readonly parts: readonly Part[];
  readonly cycles: number;
  readonly seeds: number;
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

Exit codes: 0 all held, 1 something did not, 2 wrong usage.
`;

/** What the arguments ask for; a text: what is wrong with them. */
export function asked(args: readonly string[]): Asked | 'help' | { readonly wrong: string } {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        cycles: { type: 'string' },
        seeds: { type: 'string' },
        seed: { type: 'string' },
        only: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { wrong: (error as Error).message };
  }
  if (values.help === true) return 'help';
  const cycles = countOf(values.cycles, SHORT.cycles);
  const seeds = countOf(values.seeds, SHORT.seeds);
  if (cycles === undefined) return { wrong: '--cycles must be a whole number from 1 to 1000000' };
  if (seeds === undefined) return { wrong: '--seeds must be a whole number from 1 to 1000000' };
  const parts = PARTS.filter((part) => values.only === undefined || part === values.only);
  if (parts.length === 0) return { wrong: '--only must be kill or simulation' };
  if (values.seed !== undefined && !/^[A-Za-z0-9._-]{1,64}$/.test(values.seed)) {
    return { wrong: '--seed must be 1 to 64 letters, digits, dots, hyphens or underscores' };
  }
  return { parts, cycles, seeds, seed: values.seed, json: values.json === true };
}

function countOf(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000 ? Number(text) : undefined;
}

/** The cases' seeds: with one case asked for, the seed itself, so that a failed one can be run again. */
export function* caseSeeds(seed: string, count: number): Generator<string> {
  if (count === 1) yield seed;
  else for (let index = 0; index < count; index += 1) yield `${seed}-${index}`;
}
