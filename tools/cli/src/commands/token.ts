import type { Command } from 'commander';
import { dataFolderOf, roleOrUser, withFolder, type CommonOptions } from '../command-line.ts';
import { runningServerUrl } from '../data-folder.ts';
import { usage } from '../exit.ts';
import { outputOn, type Terminal } from '../terminal.ts';
import { mint } from '../tokens.ts';

interface TokenOptions extends CommonOptions {
  readonly as: string;
  readonly ttl: number;
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const LONGEST = 24 * UNITS.h;

export function addToken(program: Command, terminal: Terminal): void {
  withFolder(program.command('token'))
    .description("Print an access token for the data folder's record, for use with curl and the like.")
    .requiredOption('--as <role>', 'the role it is for, or the name of a user of the folder', roleOrUser)
    .option('--ttl <duration>', 'how long it is good for: 90s, 15m, 1h', duration, UNITS.h)
    .action(async (options: TokenOptions) => {
      const dataFolder = dataFolderOf(options, terminal);
      const url = await runningServerUrl(dataFolder);
      const minting = { dataFolder, as: options.as, env: terminal.env, ...(url === undefined ? {} : { url }) };
      const { token, expiresAt } = await mint(minting, options.ttl);
      const value = { token, as: options.as, expires: new Date(expiresAt).toISOString() };
      outputOn(terminal, options.json === true).result(value, token);
    });
}

/** Milliseconds. */
function duration(text: string): number {
  const [, number, unit] = /^([1-9]\d{0,5})([smh])$/.exec(text) ?? [];
  const value = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (!(value <= LONGEST)) throw usage('--ttl must be a duration such as 90s, 15m or 1h, of a day at most');
  return value;
}
