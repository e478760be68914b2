import { spawn } from 'node:child_process';
import { ENGINES } from './command-line.ts';
import { startEngines, testVariables, type EngineSet } from './engine-set.ts';
import { toStderr } from './engines/log.ts';
import { ROOT } from './processes/node-program.ts';
import { forget, guard } from './processes/watchdog.ts';
import { startStack } from './start-stack.ts';
import { E2E } from './test-steps.ts';

type Variables = Readonly<Record<string, string>>;

/** The stand-in for MongoDB that is quick to fetch is slow to search: it does not stop a scan at a limit. */
const SLOW_DATABASE = { ANAMNESIS_QUERY_BUDGET: '120s', ANAMNESIS_POSITION_WAIT: '30s' };

/**
 * Runs the steps one after the other on one set of engines, and prints each with its seconds; how many failed.
 * Whatever happens, everything is stopped.
 */
export async function runTestStack(steps: readonly string[], told: AbortSignal): Promise<number> {
  const tally = new Tally();
  // One package's suites may take what engines they like; all are started, as none knows of another's.
  const engines = await tally.step('engines', () => startEngines({ only: ENGINES, signal: told, log: toStderr }));
  if (engines !== undefined) {
    try {
      for (const name of steps) {
        if (told.aborted) break;
        await tally.step(name, () => (name === E2E ? runEndToEnd(engines, told) : runSuites(name, engines, told)));
      }
    } finally {
      await tally.step('stop', () => engines.stop());
    }
  }
  tally.tell();
  return tally.failed;
}

async function runSuites(folder: string, engines: EngineSet, told: AbortSignal): Promise<void> {
  await npmTest(folder, { ...testVariables(engines), ANAMNESIS_TEST_STACK: '1' }, told);
}

/** The whole end-to-end suite, on services of its own. */
async function runEndToEnd({ kafka, mongodb, keycloak, openbao }: EngineSet, told: AbortSignal): Promise<void> {
  const stack = await startStack({
    kafka: kafka!.bootstrap,
    mongodb: mongodb!.url,
    keycloak: keycloak!,
    transit: openbao!,
    replaceRealm: true,
    // Erasure is refused while retention is not configured, or runs.
    env: { ANAMNESIS_RETENTION_CLINICAL_YEARS: '0', ANAMNESIS_RETENTION_FINANCIAL_YEARS: '0', ...SLOW_DATABASE },
    signal: told,
  });
  try {
    const { url, passwordsFile } = stack.addresses;
    await npmTest('e2e', { ANAMNESIS_E2E_URL: url, ANAMNESIS_E2E_PASSWORDS: passwordsFile }, told);
    if (stack.deaths() > 0) throw new Error(`${stack.deaths()} services ended by themselves while the suite ran`);
  } finally {
    await stack.stop();
  }
}

/** Runs a package's tests, their output to ours; rejects unless they pass. */
function npmTest(folder: string, variables: Variables, told: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables };
    const child = spawn('npm', ['test', '--silent', '-w', folder], {
      cwd: ROOT,
      env,
      stdio: 'inherit',
      detached: true,
    });
    const group = child.pid;
    if (group !== undefined) guard(group);
    const stop = (): void => {
      if (group !== undefined) process.kill(-group, 'SIGKILL');
    };
    told.addEventListener('abort', stop, { once: true });
    const end = (fault?: Error): void => {
      told.removeEventListener('abort', stop);
      if (group !== undefined) forget(group);
      if (fault === undefined) resolve();
      else reject(fault);
    };
    child.once('error', () => end(new Error('npm cannot be started')));
    child.once('exit', (code) => end(code === 0 ? undefined : new Error(`the tests of ${folder} failed`)));
  });
}

/** Says how each step went, and counts. */
class Tally {
  passed = 0;
  failed = 0;

  async step<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    process.stdout.write(`\n> ${name}\n`);
    const started = performance.now();
    const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
    try {
      const result = await work();
      this.passed += 1;
      process.stdout.write(`> ${name}: passed in ${seconds()} s\n`);
      return result;
    } catch (error) {
      this.failed += 1;
      process.stdout.write(`> ${name}: FAILED in ${seconds()} s: ${(error as Error).message}\n`);
      return undefined;
    }
  }

  tell(): void {
    process.stdout.write(`\n${this.passed} passed, ${this.failed} failed\n`);
  }
}
