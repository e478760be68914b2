import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { Fault } from '@anamnesis/kernel';
import { clusterText, type ClusterReport } from './cluster/cluster-report.ts';
import { asked, caseSeeds, HELP, type Asked, type ClusterAsked } from './command-line.ts';
import { runKill, type KillReport } from './kill/run-kill.ts';
import { killText, listed, simulationText } from './report.ts';
import { runSimulation, type SimulationReport } from './simulation/run-simulation.ts';

export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

const EXIT = { held: 0, failed: 1, usage: 2, unavailable: 69 } as const;
/** Milliseconds between two lines of progress. */
const TELL_EVERY = 10_000;

/** Runs what the arguments ask for, and answers the exit code. Results go to stdout, progress to stderr. */
export async function runReliability(args: readonly string[], { stdout, stderr }: Streams): Promise<number> {
  const wanted = asked(args);
  if (wanted === 'help') {
    stdout.write(HELP);
    return EXIT.held;
  }
  if ('wrong' in wanted) {
    stderr.write(`${wanted.wrong}\n`);
    return EXIT.usage;
  }
  const seed = wanted.seed ?? randomBytes(6).toString('hex');
  stderr.write(`seed ${seed}\n`);
  return wanted.profile === 'cluster' ? ofCluster(wanted, seed, stdout) : ofEmbedded(wanted, seed, { stdout, stderr });
}

async function ofCluster({ json, minutes, ...wanted }: ClusterAsked, seed: string, stdout: Writable): Promise<number> {
  // What the embedded profile's runs do not need is not loaded for them.
  const { onSignal } = await import('@anamnesis/stack');
  const { EngineError, NotReady, toStderr } = await import('@anamnesis/stack/engines');
  const { runCluster } = await import('./cluster/run-cluster.ts');
  const until = minutes === undefined ? {} : { minutes };
  let cluster: ClusterReport;
  try {
    cluster = await runCluster({ ...wanted, ...until, seed, tell: toStderr, signal: onSignal() });
  } catch (error) {
    if (!(error instanceof EngineError || error instanceof NotReady || error instanceof Fault)) throw error;
    toStderr(`The stack did not start: ${error.message}`);
    return EXIT.unavailable;
  }
  stdout.write(json ? `${JSON.stringify({ seed, cluster })}\n` : clusterText(cluster, listed));
  return cluster.failures.length === 0 ? EXIT.held : EXIT.failed;
}

async function ofEmbedded(wanted: Asked, seed: string, { stdout, stderr }: Streams): Promise<number> {
  const tell = teller(stderr);
  const reports: { simulation?: SimulationReport; kill?: KillReport } = {};
  if (wanted.parts.includes('simulation')) {
    reports.simulation = await runSimulation({
      seeds: caseSeeds(seed, wanted.seeds),
      onCase: (_, done) => tell(`simulation: ${done} of ${wanted.seeds} cases`),
    });
    if (!wanted.json) stdout.write(simulationText(reports.simulation));
  }
  if (wanted.parts.includes('kill')) {
    const onCycle = (done: number, writes: number): void =>
      tell(`kill: ${done} of ${wanted.cycles} cycles, ${writes} writes acknowledged`);
    reports.kill = await runKill({ seed, cycles: wanted.cycles, onCycle });
    if (!wanted.json) stdout.write(killText(reports.kill));
  }
  if (wanted.json) stdout.write(`${JSON.stringify({ seed, ...reports })}\n`);
  const failed = (reports.simulation?.failed.length ?? 0) + (reports.kill?.failures.length ?? 0);
  return failed === 0 ? EXIT.held : EXIT.failed;
}

function teller(stderr: Writable): (line: string) => void {
  let last = performance.now();
  return (line) => {
    if (performance.now() - last < TELL_EVERY) return;
    last = performance.now();
    stderr.write(`${line}\n`);
  };
}
