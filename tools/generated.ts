/**
 * `npm run generated`: writes every file of this repository that follows from others; with `--check` it writes nothing,
 * names what is out of date, and ends with 1.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pages } from '@anamnesis/documents';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');

/** Generators that are programs of their own; each takes `--check`. */
const PROGRAMS = [
  'libs/service/src/configuration-page-main.ts',
  'libs/identity/src/keycloak/realm-file-main.ts',
  'tools/fhir-definitions/src/main.ts',
];

let failed = false;
for (const program of PROGRAMS) {
  const args = ['--import', './tools/typescript.mjs', program, ...(check ? ['--check'] : [])];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) failed = true;
}
for (const { path, url, text } of await pages()) {
  if (contents(url) === text) continue;
  process.stderr.write(`${check ? 'stale' : 'written'}: ${path}\n`);
  if (check) failed = true;
  else writeFileSync(url, text);
}
if (failed && check) process.stderr.write('Bring them up to date with: npm run generated\n');
process.exitCode = failed ? 1 : 0;

function contents(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
