/**
 * Runs a program on the Node that this repository pins, whatever Node the system has (20 or later starts this file):
 *
 *   node tools/node.mjs [node's own flags] file [arguments]
 *
 * The program runs in a process of its own, with the TypeScript loader: worker threads inherit a loader only from a
 * process's flags. npm does not link the pinned Node into .bin in every version, so it is looked for in its package.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { argv, env, execPath, platform, arch, stderr, stdin, versions } from 'node:process';
import { fileURLToPath } from 'node:url';

const LEAST_MAJOR = 24;
const UNAVAILABLE = 3;

const at = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

/** Starts it, and ends as it ends: its exit code, or 128 and the signal's number as a shell tells. */
export function runOnPinnedNode(args) {
  const node = [...pinned()].map(at).find(existsSync) ?? execPath;
  if (node === execPath && Number.parseInt(versions.node, 10) < LEAST_MAJOR) {
    stderr.write(`Anamnesis needs Node ${LEAST_MAJOR}, which npm ci brings; this is ${versions.node}\n`);
    process.exitCode = UNAVAILABLE;
    return;
  }
  const loader = new URL('typescript.mjs', import.meta.url).href;
  const child = spawn(node, ['--import', loader, ...args], {
    stdio: 'inherit',
    // What the program starts by the name of node is the same one.
    env: { ...env, PATH: `${dirname(node)}${delimiter}${env.PATH ?? ''}` },
  });
  const forward = (signal) => {
    // Ctrl-C reaches everything in the terminal's foreground: sent once more, it would count as the second one.
    if (signal !== 'SIGINT' || stdin.isTTY !== true) child.kill(signal);
  };
  process.on('SIGINT', forward).on('SIGTERM', forward);
  child.once('error', (error) => {
    stderr.write(`${node} cannot be started (${error.code})\n`);
    process.exitCode = UNAVAILABLE;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}

function* pinned() {
  if (platform === 'win32') return yield `node-win-${arch}/bin/node.exe`;
  for (const name of ['node', 'node-bin']) yield `${name}-${platform}-${arch}/bin/node`;
}

if (argv[1] === fileURLToPath(import.meta.url)) runOnPinnedNode(argv.slice(2));
