/**
 * Transpiles every source ahead of time. Where the root file system is read-only a service can read the cache of
 * tools/typescript.mjs and not add to it. Run it where the sources will lie: the cache knows them by their paths.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { fileURLToPath } from 'node:url';
import { transpile } from '../tools/typescript.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = globSync('{libs,services}/*/src/**/*.{ts,tsx}', { cwd: root })
  .filter((path) => !path.endsWith('.d.ts'))
  .map((path) => join(root, path));
for (const path of sources) transpile(path, readFileSync(path, 'utf8'));
stdout.write(`${sources.length} sources are transpiled\n`);
