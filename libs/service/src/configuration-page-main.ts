/** Writes docs/configuration.md; with --check only compares, and exits 1 when the page is not what it should be. */
import { readFileSync, writeFileSync } from 'node:fs';
import { configurationPage } from './describe-config.ts';

const page = new URL('../../../docs/configuration.md', import.meta.url);
if (!process.argv.includes('--check')) {
  writeFileSync(page, configurationPage());
} else if (readFileSync(page, 'utf8') !== configurationPage()) {
  process.stderr.write('docs/configuration.md is out of date: npm run -w libs/service configuration-page\n');
  process.exitCode = 1;
}
