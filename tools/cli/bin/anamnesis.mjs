#!/usr/bin/env node
/**
 * `npx anamnesis`: the command line on the Node that this repository pins, whatever Node the system has. It runs in a
 * process of its own, because worker threads inherit the loader only from the process's flags.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const LEAST_MAJOR = 24;
const UNAVAILABLE = 3;

const at = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const node = [...pinned()].map((path) => at(`node_modules/${path}`)).find(existsSync) ?? process.execPath;

if (node === process.execPath && Number.parseInt(process.versions.node, 10) < LEAST_MAJOR) {
  process.stderr.write(`Anamnesis needs Node ${LEAST_MAJOR}, which npm ci brings; this is ${process.versions.node}\n`);
  process.exitCode = UNAVAILABLE;
} else {
  run(['--import', new URL('../../typescript.mjs', import.meta.url).href, at('tools/cli/src/main.ts')]);
}

/** Where the pinned Node may stand: npm does not link it into .bin in every case, and on Windows only for shells. */
function* pinned() {
  if (process.platform === 'win32') return yield `node-win-${process.arch}/bin/node.exe`;
  yield '.bin/node';
  for (const name of ['node', 'node-bin']) yield `${name}-${process.platform}-${process.arch}/bin/node`;
}

function run(args) {
  const child = spawn(node, [...args, ...process.argv.slice(2)], { stdio: 'inherit' });
  const forward = (signal) => {
    // Ctrl-C reaches everything in the terminal's foreground: sent once more, it would count as the second one.
    if (signal !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  child.once('error', (error) => {
    process.stderr.write(`${node} cannot be started (${error.code})\n`);
    process.exitCode = UNAVAILABLE;
  });
  child.once('exit', (code, signal) => {
    // As a shell tells of an end by a signal: 128 and its number.
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}
