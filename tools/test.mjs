/**
 * `npm test`: everything that needs no server, in the order in which a fault is cheapest to find.
 * Prints each command before it runs; ends with the number of steps that passed and failed.
 *
 *   npm test                 all of it
 *   npm test -- types lint   only these steps
 */
import { spawnSync } from 'node:child_process';

const STEPS = {
  types: ['npx', ['tsc', '-p', 'tsconfig.json']],
  lint: ['npx', ['eslint', '.', '--max-warnings', '0']],
  format: ['npx', ['prettier', '--check', '.', '--log-level', 'warn']],
  generated: ['npm', ['run', '-s', 'generated:check']],
  suites: ['npx', ['nx', 'run-many', '--target', 'test', '--parallel', '2', '--outputStyle', 'static']],
};

const asked = process.argv.slice(2);
if (asked.includes('--help')) {
  process.stdout.write(`usage: npm test [-- ${Object.keys(STEPS).join(' | ')} ...]\n`);
  process.exit(0);
}
const unknown = asked.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  process.stderr.write(`no such step: ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}\n`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const [name, [command, args]] of Object.entries(STEPS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  process.stdout.write(`\n> ${name}: ${command} ${args.join(' ')}\n`);
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`> ${name}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
  if (status === 0) passed += 1;
  else failed += 1;
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
