import { globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { checkFile } from './checksum.ts';
import { EngineError } from './engine-error.ts';
import type { Log } from './log.ts';
import { needProgram } from './programs.ts';
import { runInstaller } from './run-installer.ts';

export interface Crate {
  readonly crate: string;
  readonly version: string;
  readonly sha256: string;
}

/**
 * Builds the programs of a crate into `<folder>/bin`. The archive it was built from is compared; what it depends on is
 * pinned by the lock file inside it, which cargo checks.
 */
export async function installRust(folder: string, { crate, version, sha256 }: Crate, log: Log): Promise<void> {
  const command = needProgram('cargo', `Building ${crate}`);
  const args = ['install', crate, '--version', version, '--locked', '--ignore-rust-version', '--root', folder];
  log(`${crate}: building takes about six minutes on two cores`);
  await runInstaller({ name: `cargo install ${crate}`, command, args, folder, log });
  const home = env['CARGO_HOME'] ?? join(homedir(), '.cargo');
  const [archive] = globSync(join(home, 'registry', 'cache', '*', `${crate}-${version}.crate`));
  if (archive === undefined) throw new EngineError(`cargo kept no archive of ${crate} to compare with its checksum`);
  await checkFile(archive, sha256);
}
