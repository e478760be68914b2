/**
 * Lets Node run this repository's TypeScript from source: `node --import ./tools/typescript.mjs file.ts`.
 * Worker threads inherit the flag, so they need nothing of their own.
 *
 * SWC transpiles (Nest's decorators are beyond Node's own type stripping); the output is kept under
 * node_modules/.cache, named by a hash of the source and of these options.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'typescript');
const options = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
const salt = JSON.stringify(options);
let swc;

mkdirSync(cache, { recursive: true });

/** The JavaScript of a source, from the cache or made now. Deployment images make all of it ahead of time. */
export function transpile(path, source) {
  const key = createHash('sha256').update(salt).update('\0').update(path).update('\0').update(source).digest('hex');
  const kept = join(cache, `${key}.mjs`);
  try {
    return readFileSync(kept, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  swc ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('@swc/core');
  const { code } = swc.transformSync(source, { ...options, filename: path, swcrc: false, sourceMaps: 'inline' });
  // Written aside and renamed: two processes that start together never read half a file.
  const aside = `${kept}.${process.pid}.${Math.round(performance.now() * 1000)}`;
  writeFileSync(aside, code);
  renameSync(aside, kept);
  return code;
}

registerHooks({
  load(url, context, next) {
    if (!url.startsWith('file:') || !/\.tsx?$/.test(url) || url.includes('/node_modules/')) return next(url, context);
    const path = fileURLToPath(url);
    return { format: 'module', shortCircuit: true, source: transpile(path, readFileSync(path, 'utf8')) };
  },
});
process.setSourceMapsEnabled(true);
