import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { drawFrom, type Draw } from '@anamnesis/testing';
import { scratchFolder } from '../scratch-folder.ts';
import { Acknowledged } from './acknowledged.ts';
import { checkAccessRecords, checkTree, servesAudit, takeEvidence, type Evidence } from './audit-checks.ts';
import { Crowd } from './crowd.ts';
import { mintedTokens } from './minted-tokens.ts';
import { historyOf } from './reading.ts';
import { RecordClient } from './record-client.ts';
import { startRecord, type RecordProcess } from './record-process.ts';
import { checkPoison, checkReadModels, checkStreams } from './settled-checks.ts';

export interface KillOptions {
  readonly seed: string;
  readonly cycles: number;
  readonly writers?: number;
  readonly onCycle?: (done: number, acknowledged: number) => void;
}

export interface KillReport {
  readonly seed: string;
  /** Times the process was killed. */
  readonly cycles: number;
  /** Of these, before it was ready. */
  readonly killedAtStart: number;
  readonly acknowledged: number;
  /** Requests that a kill left without an answer, and that were sent again. */
  readonly unanswered: number;
  readonly reads: number;
  /** Versions that the settled record holds. */
  readonly versions: number;
  readonly seconds: number;
  readonly failures: readonly string[];
  /** Checks that this record cannot be put to yet. */
  readonly skipped: readonly string[];
  /** The data folder and the log of a run that failed. */
  readonly kept?: string;
}

const WRITERS = 8;
/** Milliseconds that a process may write for before it is killed, and that one which is killed at its start may have. */
const LONGEST_WRITING = 1_000;
const LONGEST_STARTING = 1_500;
const KILLED_AT_START = 0.15;
/** Histories looked at after each kill. */
const LOOKED_AT = 24;

/**
 * Kills the record at random moments under concurrent writes, starts it again on the same folder, and compares what it
 * acknowledged with what it holds. The seed decides what is asked and after how long the process is killed; where in
 * the process's work that falls, nobody decides.
 */
export async function runKill(options: KillOptions): Promise<KillReport> {
  const folder = await scratchFolder('kill');
  const run = new KillRun(options, folder);
  const report = await run.run();
  if (report.failures.length > 0) return { ...report, kept: folder };
  await rm(folder, { recursive: true, force: true });
  return report;
}

class KillRun {
  readonly #options: KillOptions;
  readonly #dataFolder: string;
  readonly #besideFolder: string;
  readonly #draw: Draw;
  readonly #acknowledged = new Acknowledged();
  readonly #crowd: Crowd;
  readonly #failures: string[] = [];
  readonly #skipped: string[] = [];
  #record: RecordProcess | undefined;
  #client: RecordClient | undefined;
  #evidence: Evidence | undefined;
  #cycles = 0;
  #killedAtStart = 0;

  constructor(options: KillOptions, folder: string) {
    const { seed, writers = WRITERS } = options;
    this.#options = options;
    this.#dataFolder = join(folder, 'data');
    this.#besideFolder = join(folder, 'beside');
    this.#draw = drawFrom('kill', seed);
    this.#crowd = new Crowd({
      seed,
      writers,
      acknowledged: this.#acknowledged,
      failed: (message) => this.#failures.push(message),
    });
  }

  async run(): Promise<KillReport> {
    const started = performance.now();
    await mkdir(this.#besideFolder, { recursive: true });
    try {
      await this.#cyclesUnderLoad();
      if (this.#failures.length === 0) await this.#settledChecks();
    } catch (error) {
      this.#failures.push(error instanceof Error ? error.message : String(error));
    } finally {
      await this.#record?.kill();
      this.#client?.close();
      await this.#crowd.end();
    }
    const { writes: acknowledged } = this.#acknowledged;
    const { unanswered, reads } = this.#crowd;
    return {
      seed: this.#options.seed,
      cycles: this.#cycles,
      killedAtStart: this.#killedAtStart,
      acknowledged,
      unanswered,
      reads: reads.length,
      versions: this.#acknowledged.countOf('Patient') + this.#acknowledged.countOf('Observation'),
      seconds: (performance.now() - started) / 1_000,
      failures: this.#failures,
      skipped: this.#skipped,
    };
  }

  async #cyclesUnderLoad(): Promise<void> {
    const { cycles, onCycle } = this.#options;
    for (let cycle = 0; cycle < cycles && this.#failures.length === 0; cycle += 1) {
      // The first start makes the folder: it is killed late, so that there is something to come back to.
      const early = cycle > 0 && this.#draw.chance(KILLED_AT_START);
      const moment = this.#draw.decimal(0, early ? LONGEST_STARTING : LONGEST_WRITING, 1);
      if (early) await this.#killAtStart(moment);
      else await this.#killAtWork(cycle, moment);
      this.#cycles += 1;
      onCycle?.(this.#cycles, this.#acknowledged.writes);
    }
  }

  async #killAtStart(moment: number): Promise<void> {
    this.#killedAtStart += 1;
    const record = this.#start();
    await wait(moment);
    await record.kill();
  }

  async #killAtWork(cycle: number, moment: number): Promise<void> {
    const client = await this.#ready();
    await this.#lookBack(client);
    if (this.#evidence === undefined && cycle >= this.#options.cycles / 2) await this.#takeEvidence(client);
    this.#crowd.let(client, `${this.#options.seed}-${cycle}`);
    await wait(moment);
    this.#crowd.hold();
    await this.#record!.kill();
    client.close();
  }

  #start(): RecordProcess {
    return (this.#record = startRecord(this.#dataFolder, join(this.#besideFolder, 'record.log')));
  }

  async #ready(): Promise<RecordClient> {
    return (this.#client = new RecordClient(await this.#start().ready, mintedTokens(this.#dataFolder)));
  }

  /** The resources that were written to before the kill, some of them. Nothing writes meanwhile. */
  async #lookBack(client: RecordClient): Promise<void> {
    for (const name of this.#acknowledged.touched().slice(-LOOKED_AT)) {
      this.#failures.push(...this.#acknowledged.differences(name, await historyOf(client, name), false));
    }
  }

  async #takeEvidence(client: RecordClient): Promise<void> {
    if (await servesAudit(client)) this.#evidence = await takeEvidence(client, this.#dataFolder, this.#besideFolder);
  }

  /** Every writer gets the answer it waits for, then all is compared. */
  async #settledChecks(): Promise<void> {
    const client = await this.#ready();
    this.#crowd.let(client, `${this.#options.seed}-last`);
    await this.#crowd.finish();
    const found = [
      ...this.#crowd.criteriaDifferences(),
      ...(await checkStreams(client, this.#acknowledged)),
      ...(await checkReadModels(client, this.#acknowledged)),
      ...(await checkPoison(client)),
    ];
    this.#failures.push(...found, ...(await this.#auditChecks(client)));
  }

  async #auditChecks(client: RecordClient): Promise<string[]> {
    if (!(await servesAudit(client))) {
      this.#skipped.push('audit tree and access records: this record does not serve /audit/checkpoint');
      await this.#record!.stop();
      return [];
    }
    const evidence = this.#evidence ?? (await takeEvidence(client, this.#dataFolder, this.#besideFolder));
    const unrecorded = await checkAccessRecords(client, this.#crowd.reads);
    client.close();
    const code = await this.#record!.stop();
    const unclean = code === 0 ? [] : [`the record ended with ${code} when it was told to stop`];
    return [...unrecorded, ...unclean, ...(await checkTree(this.#dataFolder, evidence))];
  }
}
