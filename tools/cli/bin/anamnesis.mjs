#!/usr/bin/env node
// Starts the command on the Node that the project pins, with its TypeScript run from source.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const pinned = fileURLToPath(new URL('node_modules/.bin/node', root));
const node = process.platform !== 'win32' && existsSync(pinned) ? pinned : process.execPath;
const child = spawn(
  node,
  [
    '--import',
    new URL('tools/typescript.mjs', root).href,
    fileURLToPath(new URL('tools/cli/src/main.ts', root)),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
