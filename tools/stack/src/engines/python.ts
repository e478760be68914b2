import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.ts';
import type { PythonPackage } from './pinned.ts';
import { needProgram } from './programs.ts';
import { runInstaller } from './run-installer.ts';

/** Installs wheels, and nothing but the pinned ones, into an environment of their own: `<folder>/venv`. */
export async function installWheels(
  folder: string,
  purpose: string,
  packages: readonly PythonPackage[],
  log: Log,
): Promise<void> {
  const python = needProgram('python3', purpose);
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, packages.map(requirementOf).join(''));
  await runInstaller({ name: 'python3 -m venv', command: python, args: ['-m', 'venv', 'venv'], folder, log });
  const args = ['install', '--disable-pip-version-check', '--only-binary=:all:', '--require-hashes', '--no-deps'];
  const pip = join(folder, 'venv', 'bin', 'pip');
  await runInstaller({ name: 'pip install', command: pip, args: [...args, '-r', requirements], folder, log });
}

const requirementOf = ({ name, version, sha256 }: PythonPackage): string =>
  [`${name}==${version}`, ...sha256.map((sum) => `--hash=sha256:${sum}`)].join(' ') + '\n';
