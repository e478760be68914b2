/**
 * Writes the generated files of `libs/fhir/src/generated` and `docs/validation.md`; with `--check` it writes
 * nothing and ends with 1 when a file is not what the definitions make (CI runs that).
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.ts';
import { generateSearchParameters } from './search-parameters.ts';

const folder = new URL('../../../libs/fhir/src/generated/', import.meta.url);
const check = process.argv.includes('--check');
let stale = 0;

function put(url: URL, text: string): void {
  if (existsSync(url) && readFileSync(url, 'utf8') === text) return;
  stale += 1;
  const path = fileURLToPath(url);
  process.stderr.write(`${check ? 'stale' : 'written'}: ${path}\n`);
  if (!check) writeFileSync(url, text);
}

mkdirSync(folder, { recursive: true });
for (const [file, text] of generate()) put(new URL(file, folder), text);
put(new URL('search-parameters.ts', folder), generateSearchParameters());
// Imported last: what it documents is compiled from the files above.
const { validationDocument } = await import('./validation-document.ts');
put(new URL('../../../docs/validation.md', import.meta.url), validationDocument());
if (check && stale > 0) process.exitCode = 1;
