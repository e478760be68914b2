import { ROOT } from './processes/node-program.ts';
import { onSignal } from './on-signal.ts';
import { runTestStack } from './run-test-stack.ts';
import { packagesWithStackSpecs, stepsAsked, stepsOf } from './test-steps.ts';

const EX_USAGE = 64;
const EX_SIGINT = 130;

const args = process.argv.slice(2);
const all = stepsOf(packagesWithStackSpecs(ROOT));
const wanted = stepsAsked(
  args.filter((arg) => arg !== '--help'),
  all,
);
if (args.includes('--help')) {
  process.stdout.write(
    `usage: npm run test:stack [-- ${all.join(' | ')} ...]\n\n` +
      'Starts the real engines, runs the suites that need them, then the end-to-end suite on the cluster profile.\n',
  );
} else if ('wrong' in wanted) {
  process.stderr.write(`${wanted.wrong}\n`);
  process.exitCode = EX_USAGE;
} else {
  process.umask(0o077);
  const told = onSignal();
  const failed = await runTestStack(wanted.steps, told);
  process.exitCode = told.aborted ? EX_SIGINT : failed === 0 ? 0 : 1;
}
