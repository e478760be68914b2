import type { Bench, Figures, Row } from './bench.ts';
import { ClusterStages, foreignStack } from './cluster/cluster-stages.ts';
import { watchCores } from './cluster/processor-seconds.ts';
import { asked, HELP, type Asked } from './command-line.ts';
import { asJson, figureOf, printed, type Reported } from './report.ts';
import { EmbeddedStages, foreignStage, type Stage, type Stages } from './stage.ts';

export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs the benchmark that the arguments ask for. The exit code: see HELP. */
export async function runBench(args: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const wanted = asked(args);
  if (wanted === 'help') {
    terminal.stdout.write(HELP);
    return 0;
  }
  if ('wrong' in wanted) {
    terminal.stderr.write(`${wanted.wrong}\n`);
    return 2;
  }
  const note = (line: string): void => void terminal.stderr.write(`  ${line}\n`);
  const stages = wanted.profile === 'cluster' ? new ClusterStages(note) : new EmbeddedStages();
  const interrupted = (): void => void stages.close().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    const reported = await measureAll(wanted, stages, terminal);
    terminal.stdout.write(wanted.json ? `${JSON.stringify(asJson(reported, wanted))}\n` : printed(reported, wanted));
    return reported.some((each) => 'failed' in each) ? 1 : 0;
  } finally {
    process.off('SIGINT', interrupted);
    await stages.close();
  }
}

/** One row after another; one that fails is told of, and the others go on. */
async function measureAll({ rows, ...wanted }: Asked, stages: Stages, terminal: Terminal): Promise<Reported[]> {
  const before = new Map<string, Figures>();
  const foreign = await foreignOf(wanted, terminal);
  const bench: Bench = {
    settings: wanted.settings,
    stages,
    ...(stages instanceof ClusterStages && { cluster: stages }),
    before,
    note: (line) => terminal.stderr.write(`  ${line}\n`),
    ...(wanted.bundleFolder === undefined ? {} : { bundleFolder: wanted.bundleFolder }),
    ...(foreign === undefined ? {} : { foreign }),
  };
  const reported: Reported[] = [];
  for (const row of rows) {
    terminal.stderr.write(`${row.name} ...\n`);
    const one = await measureOne(row, bench);
    if ('measured' in one) before.set(row.name, one.measured.figures);
    reported.push(one);
    terminal.stderr.write(`  ${figureOf(one)}\n`);
  }
  return reported;
}

async function foreignOf(
  { profile, server, stackFolder }: Omit<Asked, 'rows'>,
  { env }: Terminal,
): Promise<Stage | undefined> {
  if (profile === 'cluster') return stackFolder === undefined ? undefined : foreignStack(stackFolder, server);
  return server === undefined ? undefined : foreignStage(server, env['ANAMNESIS_DATA'] || './data');
}

async function measureOne(row: Row, bench: Bench): Promise<Reported> {
  if (bench.foreign !== undefined && row.ownOnly !== undefined) return { row, skipped: row.ownOnly };
  if (bench.cluster !== undefined && row.embeddedOnly !== undefined) return { row, skipped: row.embeddedOnly };
  try {
    const cores = watchCores(() => bench.stages.parts);
    const measured = await row.measure(bench);
    return { row, measured, ...(bench.cluster !== undefined && { cores: cores() }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { row, failed: [reason, ...bench.stages.endedByThemselves].join('; ') };
  }
}
