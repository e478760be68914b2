import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RECORDS } from '@anamnesis/contracts';
import type { EventReader } from '@anamnesis/event-store';
import { Fault, type FaultCode } from '@anamnesis/kernel';
import type { ReadModelReader } from '@anamnesis/read-store';
import {
  statusOf,
  type Following,
  type ProjectionControl,
  type ProjectionState,
  type ProjectionStatus,
} from './projection-status.ts';
import type { FromProjectionThread, FromRebuildThread, RebuildProgress, ThreadData } from './thread-messages.ts';

export interface ProjectionsOptions {
  /** The data folder. */
  readonly folder: string;
  readonly log: Pick<EventReader, 'head'>;
  /** The event store's `headSignal`. */
  readonly head: SharedArrayBuffer;
  /** The reading side of `records`. */
  readonly records: ReadModelReader;
  /** The read store's `board`. */
  readonly board: SharedArrayBuffer;
  /** The record's own base URLs: absolute references to them are indexed as relative ones. */
  readonly ownBases?: readonly string[];
  /** How long a thread that failed rests before it is started again, in milliseconds; default 1,000. */
  readonly restartMs?: number;
}

/** The projections of the embedded profile: one thread follows the log, another rebuilds beside it on demand. */
export class Projections implements ProjectionControl {
  readonly #options: ProjectionsOptions;
  readonly #data: ThreadData;
  #thread: Worker | undefined;
  #state: ProjectionState = 'starting';
  #reason: FaultCode | 'thread-failed' | undefined;
  #rebuild: Worker | undefined;
  #rebuilding: RebuildProgress | undefined;
  #restart: NodeJS.Timeout | undefined;
  #stopped = false;

  private constructor(options: ProjectionsOptions) {
    this.#options = options;
    const { folder, head, board, ownBases = [] } = options;
    this.#data = { folder, model: RECORDS, head, board, ownBases };
  }

  /**
   * Resolves when the log is being followed, or when it was seen that this cannot be: `status` and `state` then say
   * why, and it is tried again. A model that is missing, damaged or of an older form is rebuilt by itself.
   */
  static async start(options: ProjectionsOptions): Promise<Projections> {
    const projections = new Projections(options);
    await projections.#begin();
    return projections;
  }

  status(): Promise<ProjectionStatus> {
    const { log, records } = this.#options;
    return statusOf(RECORDS, this.state, log, records, () => this.#rebuilding);
  }

  /** Whether the model is being kept up, without a look at any file: for readiness. */
  get state(): Following {
    return { state: this.#state, ...(this.#reason !== undefined && { reason: this.#reason }) };
  }

  async rebuild(onProgress: (progress: RebuildProgress) => void = () => undefined): Promise<void> {
    if (this.#stopped) throw new Fault('stopping', 'The projections are being stopped.');
    if (this.#rebuild) throw new Fault('store-in-use', 'The read model is being rebuilt already.', { retryable: true });
    const url = new URL('./rebuild/rebuild-thread.ts', import.meta.url);
    const thread = new Worker(url, { workerData: { ...this.#data, projectors: 1 } });
    this.#rebuild = thread;
    this.#rebuilding = { done: 0, total: await this.#options.log.head() };
    try {
      await this.#finishRebuild(thread, onProgress);
    } finally {
      if (thread.threadId !== -1) await once(thread, 'exit');
      this.#rebuild = undefined;
      this.#rebuilding = undefined;
      if (!this.#thread && !this.#stopped) await this.#begin();
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#state = 'stopped';
    await Promise.all([this.#halt(), this.#rebuild && stopThread(this.#rebuild)]);
  }

  #finishRebuild(thread: Worker, onProgress: (progress: RebuildProgress) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      thread.on('error', () => reject(rebuildFailed()));
      thread.on('exit', () => reject(rebuildFailed()));
      thread.on('message', (message: FromRebuildThread) => {
        if ('progress' in message) onProgress((this.#rebuilding = message.progress));
        else if ('failed' in message) reject(rebuildFailed(message.failed));
        else if ('swapped' in message) resolve();
        // One writer a model: the live one lets go for the moment of the swap.
        else void this.#halt().then(() => thread.postMessage({ swap: true }));
      });
    });
  }

  async #halt(): Promise<void> {
    clearTimeout(this.#restart);
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread) await stopThread(thread);
  }

  async #begin(): Promise<void> {
    try {
      await this.#follow();
    } catch {
      this.#again();
    }
  }

  /** Starts the following thread; rejects when it ends before it follows, and starts it again when it ends after. */
  #follow(): Promise<void> {
    const thread = new Worker(new URL('./projection-thread.ts', import.meta.url), { workerData: this.#data });
    this.#thread = thread;
    return new Promise<void>((resolve, reject) => {
      let following = false;
      let failure: FaultCode | 'thread-failed' = 'thread-failed';
      thread.on('message', (message: FromProjectionThread) => {
        if ('following' in message) {
          following = true;
          this.#is('following');
          resolve();
        } else if (message.waiting === undefined) this.#is('following');
        else this.#is('waiting', message.waiting);
      });
      thread.on('error', (error: unknown) => (failure = codeOf(error) ?? failure));
      thread.on('exit', () => {
        if (this.#thread !== thread) return resolve();
        this.#thread = undefined;
        this.#is('failed', failure);
        if (following) this.#again();
        else reject(new Fault('read-model-unavailable', 'The projection thread ended before it began.'));
      });
    });
  }

  /** What nothing can be followed into is built anew; anything else is tried again after a rest. */
  #again(): void {
    if (this.#stopped || this.#rebuild) return;
    if (this.#reason === 'read-model-unavailable') {
      this.#reason = undefined;
      this.rebuild().catch(() => undefined);
      return;
    }
    this.#restart = setTimeout(() => void this.#begin(), this.#options.restartMs ?? 1_000);
    this.#restart.unref();
  }

  #is(state: ProjectionState, reason?: FaultCode | 'thread-failed'): void {
    if (this.#stopped) return;
    this.#state = state;
    this.#reason = reason;
  }
}

/** Resolves when the thread has ended, however it did: what it failed with is told by its `error` event. */
async function stopThread(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return;
  const exited = new Promise((resolve) => thread.once('exit', resolve));
  thread.postMessage({ stop: true });
  await exited;
}

/** An error that crossed a thread's boundary keeps its fields, not its class. */
function codeOf(error: unknown): FaultCode | undefined {
  return typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    typeof error.code === 'string' &&
    'retryable' in error
    ? (error.code as FaultCode)
    : undefined;
}

const rebuildFailed = (code: FaultCode | 'rebuild-failed' = 'rebuild-failed'): Fault =>
  code === 'rebuild-failed'
    ? new Fault('read-model-unavailable', 'The rebuild failed; the model that was there serves on.')
    : new Fault(code, 'The rebuild failed; the model that was there serves on.');
