/** Writes deploy/keycloak/anamnesis-realm.json; with --check only compares, and exits 1 when it is out of date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { realmFile } from './realm-file.ts';

const path = fileURLToPath(new URL('../../../../deploy/keycloak/anamnesis-realm.json', import.meta.url));
const text = await format(realmFile(), { ...(await resolveConfig(path)), parser: 'json' });
if (!process.argv.includes('--check')) {
  writeFileSync(path, text);
} else if (readFileSync(path, 'utf8') !== text) {
  process.stderr.write('deploy/keycloak/anamnesis-realm.json is out of date: npm run generated\n');
  process.exitCode = 1;
}
