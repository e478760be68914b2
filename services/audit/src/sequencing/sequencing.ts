import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeStored, type StoredEvent } from '@anamnesis/event-store';
import type { EventOpener } from '@anamnesis/journal';
import { Fault, type Position } from '@anamnesis/kernel';
import {
  type Checkpoint,
  CHECKPOINTS_FILE,
  CheckpointLog,
  newestCheckpoint,
  type NoteSigner,
  openCheckpoint,
  openSigner,
  signCheckpoint,
} from '../checkpoint/index.ts';
import { DATABASE_FILE, openForWriting, Sequencer } from '../index-db/index.ts';
import type { RawLog } from '../raw-log.ts';
import { disclosedPatients } from './disclosed-patients.ts';
import { agreesWith, continuesLog, otherLog } from './log-check.ts';
import { type AuditThreadData, OPENED, THROUGH } from './thread-messages.ts';

const BATCH = 1_000;
/** How long it rests while the log or the keys are away; twice as long each time, in milliseconds. */
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 1_000;

export interface SequencingParts {
  readonly raw: RawLog;
  readonly opener: EventOpener;
  /** See `LogSource`. */
  moved(position: Position): Promise<void>;
  readonly now: () => number;
}

/**
 * Follows the log, keeps the tree and its indexes, and signs checkpoints. One step is one batch; between steps nothing
 * is held, so that it can be stopped, or killed, at any moment.
 */
export class Sequencing {
  readonly #data: AuditThreadData;
  readonly #parts: SequencingParts;
  readonly #signer: NoteSigner;
  readonly #checkpoints: CheckpointLog;
  readonly #database: ReturnType<typeof openForWriting>;
  readonly #sequencer: Sequencer;
  readonly #progress: BigInt64Array;
  /** The newest checkpoint of earlier runs, until the tree has reached it and agrees. */
  #promised: Checkpoint | undefined;
  #newest: { note: string; size: number; at: number } | undefined;
  readonly #ending = new AbortController();
  #hurried = false;
  #resting: AbortController | undefined;
  #wanted: ((note: string) => void)[] = [];

  private constructor(data: AuditThreadData, parts: SequencingParts) {
    const folder = join(data.folder, 'audit');
    this.#data = data;
    this.#parts = parts;
    this.#signer = openSigner(folder);
    const path = join(folder, CHECKPOINTS_FILE);
    this.#newest = newestCheckpoint(path);
    const promised = this.#newest && openCheckpoint(this.#newest.note, this.#signer.verifier);
    this.#promised = promised?.ok === true ? promised.checkpoint : undefined;
    this.#checkpoints = new CheckpointLog(path);
    this.#database = openForWriting(join(folder, DATABASE_FILE));
    this.#sequencer = new Sequencer(this.#database);
    this.#progress = new BigInt64Array(data.progress);
    if (data.acceptOtherLog) this.#promised = undefined;
  }

  /** Throws `Fault` `store-corrupt` when the log is not the one that the tree has. */
  static async open(data: AuditThreadData, parts: SequencingParts): Promise<Sequencing> {
    const sequencing = new Sequencing(data, parts);
    try {
      await sequencing.#begin();
    } catch (error) {
      sequencing.#close();
      throw error;
    }
    return sequencing;
  }

  /** Resolves after `stop`, with everything up to the head in the tree and a checkpoint signed. */
  async run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const taken = await this.#patientStep();
      if (this.#checkpointIsDue()) this.checkpoint();
      if (taken === BATCH) continue;
      this.#answer();
      await this.#pause(taken);
    }
    while ((await this.step()) === BATCH);
    this.checkpoint();
    this.#hurried = false;
    this.#answer();
    this.#close();
  }

  /** One step, begun again while the log or the keys are away: the tree then grows no further, and that is all. */
  async #patientStep(): Promise<number> {
    for (let restMs = FIRST_REST_MS; ; restMs = Math.min(LONGEST_REST_MS, 2 * restMs)) {
      try {
        return await this.step();
      } catch (error) {
        if (!(error instanceof Fault && error.retryable)) throw error;
      }
      // Nobody who asks can hurry what does not answer; only a stop ends this rest.
      await sleep(restMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
      if (this.#ending.signal.aborted) return 0;
    }
  }

  /** Takes one batch; answers how many events it held. Throws `Fault` `store-corrupt` when the log is another one. */
  async step(): Promise<number> {
    const raw = await this.#parts.raw.readRaw(this.#sequencer.through, BATCH);
    const batch = raw.map(({ bytes, position }) => ({ bytes, event: decodeStored(bytes, position) }));
    if (this.#sequencer.opened < this.#sequencer.through) await this.#openLeftOver();
    if (batch.length > 0) {
      const current = this.#sequencer.opened === this.#sequencer.through;
      const events = batch.map(({ event }) => event);
      this.#sequencer.append(batch, current ? await disclosedPatients(this.#parts.opener, events) : undefined);
      this.#publish();
    }
    this.#keepPromise(batch.length < BATCH);
    return batch.length;
  }

  /** Signs the tree as it is and stores the checkpoint; the newest one again when nothing was added. */
  checkpoint(): string {
    const { size } = this.#sequencer;
    // Nothing is signed that has not been compared with what was signed before.
    if (this.#promised && this.#newest) return this.#newest.note;
    if (this.#newest?.size !== size) {
      const note = signCheckpoint({ size, root: this.#sequencer.root() }, this.#signer);
      const stored = { at: this.#parts.now(), size, note };
      this.#checkpoints.append(stored);
      this.#newest = stored;
    }
    return this.#newest.note;
  }

  /** A checkpoint over everything that was in the log when it was asked for. */
  checkpointAtHead(): Promise<string> {
    const note = new Promise<string>((resolve) => this.#wanted.push(resolve));
    this.hurry();
    return note;
  }

  hurry(): void {
    this.#hurried = true;
    this.#resting?.abort();
  }

  stop(): void {
    this.#ending.abort();
    this.hurry();
  }

  async #begin(): Promise<void> {
    if (!(await continuesLog(this.#sequencer, this.#parts.raw))) {
      if (!this.#data.acceptOtherLog) throw otherLog();
      this.#sequencer.restart();
    }
    this.#publish();
  }

  #close(): void {
    this.#checkpoints.close();
    this.#database.close();
  }

  #checkpointIsDue(): boolean {
    const grown = this.#sequencer.size - (this.#newest?.size ?? 0);
    if (grown === 0) return false;
    const age = this.#parts.now() - (this.#newest?.at ?? 0);
    return grown >= this.#data.checkpointEveryEvents || age >= this.#data.checkpointEveryMs;
  }

  #keepPromise(atHead: boolean): void {
    if (!this.#promised) return;
    const agreed = agreesWith(this.#promised, this.#sequencer, atHead);
    if (agreed === false) throw otherLog();
    if (agreed === true) this.#promised = undefined;
  }

  /** Access records that the vault did not open when they came. */
  async #openLeftOver(): Promise<void> {
    const { opened, through } = this.#sequencer;
    const events: StoredEvent[] = (await this.#parts.raw.readRaw(opened, BATCH))
      .filter(({ position }) => position <= through)
      .map(({ bytes, position }) => decodeStored(bytes, position));
    const patientsOf = await disclosedPatients(this.#parts.opener, events);
    if (!patientsOf) return;
    const last: Position = events.at(-1)?.position ?? through;
    this.#sequencer.disclose(events, last, patientsOf);
    this.#publish();
  }

  #publish(): void {
    Atomics.store(this.#progress, THROUGH, BigInt(this.#sequencer.through));
    Atomics.store(this.#progress, OPENED, BigInt(this.#sequencer.opened));
    Atomics.notify(this.#progress, THROUGH);
    Atomics.notify(this.#progress, OPENED);
  }

  /** Only after a step that came to the head, and that began after the question. */
  #answer(): void {
    if (this.#hurried || this.#wanted.length === 0) return;
    const note = this.checkpoint();
    for (const answer of this.#wanted.splice(0)) answer(note);
  }

  /** Waits for more, after a short rest if there was something just now; somebody who waits ends either. */
  async #pause(taken: number): Promise<void> {
    if (this.#hurried) {
      this.#hurried = false;
      return;
    }
    const resting = new AbortController();
    this.#resting = resting;
    const { signal } = resting;
    if (taken > 0) await sleep(this.#data.pauseMs, undefined, { signal }).catch(() => undefined);
    else {
      const called = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await Promise.race([this.#parts.moved(this.#sequencer.through), called]);
    }
    this.#resting = undefined;
    this.#hurried = false;
  }
}
