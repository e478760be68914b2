import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Fault, type Position } from '@anamnesis/kernel';
import { CHECKPOINTS_FILE, newestCheckpoint, type StoredCheckpoint } from './checkpoint/index.ts';
import { AuditIndex, DATABASE_FILE } from './index-db/index.ts';
import type { EmbeddedSourceOptions } from './sequencing/embedded-source-thread.ts';
import type { LogSourceAddress } from './sequencing/log-source.ts';
import {
  type AuditThreadData,
  type FromAuditThread,
  OPENED,
  THROUGH,
  type ToAuditThread,
} from './sequencing/thread-messages.ts';

export interface AuditTreeOptions {
  /** The data folder; event log and key vault must have been opened there before. */
  readonly folder: string;
  /** The event store's `headSignal`, where it is open in this process. */
  readonly head?: SharedArrayBuffer;
  /** Where the log and the keys are; default: the embedded ones, in the folder. */
  readonly source?: LogSourceAddress;
  /** Sign a checkpoint after so many events; default 100,000. */
  readonly checkpointEveryEvents?: number;
  /** Or after this long, if anything was added; default one minute. */
  readonly checkpointEveryMs?: number;
  /** Default 25. */
  readonly pauseMs?: number;
  /** Take a log that is not the one the tree and its checkpoints know: an officer's decision, never a default. */
  readonly acceptOtherLog?: boolean;
}

/**
 * The Merkle tree of the log and the indexes beside it, kept by a thread of its own and read here. Reads are
 * synchronous and see what the thread has committed: wait for a position first.
 */
export class AuditTree {
  readonly #folder: string;
  readonly #worker: Worker;
  readonly #progress: BigInt64Array;
  readonly #requests = new Map<number, { resolve(note: string): void; reject(error: Error): void }>();
  #nextRequest = 0;
  #index: AuditIndex | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  private constructor(folder: string, worker: Worker, progress: SharedArrayBuffer) {
    this.#folder = folder;
    this.#worker = worker;
    this.#progress = new BigInt64Array(progress);
    worker.on('message', (message: FromAuditThread) => this.#receive(message));
    worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error('The audit thread failed.')));
    worker.on('exit', () => this.#fail(new Fault('stopping', 'The audit thread has stopped.')));
  }

  /** Throws `Fault` `store-corrupt` when the log is not the one that was audited, and the vault's and store's own. */
  static async open(options: AuditTreeOptions): Promise<AuditTree> {
    const progress = new SharedArrayBuffer(16);
    const data: AuditThreadData = {
      folder: options.folder,
      source: options.source ?? embeddedSource(options),
      progress,
      checkpointEveryEvents: options.checkpointEveryEvents ?? 100_000,
      checkpointEveryMs: options.checkpointEveryMs ?? 60_000,
      pauseMs: options.pauseMs ?? 25,
      acceptOtherLog: options.acceptOtherLog ?? false,
    };
    const worker = new Worker(new URL('./audit-thread.ts', import.meta.url), { workerData: data });
    const tree = new AuditTree(options.folder, worker, progress);
    const begun = new AbortController();
    worker.once('exit', () => begun.abort(new Fault('stopping', 'The audit thread ended before it had begun.')));
    const [first] = (await once(worker, 'message', begun)) as [FromAuditThread];
    if (first.kind === 'failed') {
      await tree.close();
      throw new Fault(first.code, first.message, { retryable: first.retryable });
    }
    return tree;
  }

  /** Why the thread ended by itself: the log is another one, or its disk failed. For the readiness check. */
  get failure(): Error | undefined {
    return this.#closing ? undefined : this.#failure;
  }

  /** The position of the last event in the tree. */
  get position(): Position {
    return Number(Atomics.load(this.#progress, THROUGH));
  }

  /** Tree and indexes, as far as they have come. Throws `Fault` `read-model-unavailable` after `close`. */
  get index(): AuditIndex {
    if (!this.#closing) this.#index ??= AuditIndex.open(join(this.#folder, 'audit', DATABASE_FILE));
    if (!this.#index || this.#closing) throw new Fault('read-model-unavailable', 'The audit index is not open.');
    return this.#index;
  }

  /**
   * Resolves when events up to `position` are in tree and indexes; with `disclosures`, when the access records among
   * them can be found by patient as well. Throws `Fault` `read-model-behind` (retryable) after `timeoutMs`.
   */
  async waitFor(position: Position, timeoutMs: number, { disclosures = false } = {}): Promise<void> {
    const field = disclosures ? OPENED : THROUGH;
    const until = performance.now() + timeoutMs;
    for (;;) {
      const now = Atomics.load(this.#progress, field);
      if (Number(now) >= position) return;
      if (this.#failure) throw this.#failure;
      const left = until - performance.now();
      if (left <= 0) throw new Fault('read-model-behind', 'The audit index is behind the log.', { retryable: true });
      this.#send({ kind: 'hurry' });
      // Woken at each step, and by the clock in case the thread has ended.
      await Atomics.waitAsync(this.#progress, field, now, Math.min(left, 100)).value;
    }
  }

  /** A checkpoint that covers every event that was in the log when it was asked for, signed and stored. */
  checkpoint(): Promise<string> {
    if (this.#failure) return Promise.reject(this.#failure);
    const request = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      this.#requests.set(request, { resolve, reject });
      this.#send({ kind: 'checkpoint', request });
    });
  }

  newestCheckpoint(): StoredCheckpoint | undefined {
    return newestCheckpoint(join(this.#folder, 'audit', CHECKPOINTS_FILE));
  }

  /** Positions of the events whose subject is one of these, ascending. */
  positionsOf(subjects: readonly string[], upTo?: Position): Position[] {
    return this.index.positionsOf(subjects, upTo);
  }

  /** The streams that hold events of the subject. */
  streamsOf(subject: string): string[] {
    return this.index.streamsOf(subject);
  }

  /** Takes everything up to the head, signs a checkpoint, and ends. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      if (!this.#failure) {
        const exit = once(this.#worker, 'exit');
        this.#send({ kind: 'stop' });
        await exit;
      } else {
        await this.#worker.terminate();
      }
      this.#index?.close();
    })();
    return this.#closing;
  }

  #send(message: ToAuditThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromAuditThread): void {
    if (message.kind === 'checkpoint') {
      this.#requests.get(message.request)?.resolve(message.note);
      this.#requests.delete(message.request);
    } else if (message.kind === 'failed') {
      this.#fail(new Fault(message.code, message.message, { retryable: message.retryable }));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#requests.values()) reject(this.#failure);
    this.#requests.clear();
  }
}

function embeddedSource({ folder, head }: Pick<AuditTreeOptions, 'folder' | 'head'>): LogSourceAddress {
  const options: EmbeddedSourceOptions = { folder, ...(head && { head }) };
  return { module: new URL('./sequencing/embedded-source-thread.ts', import.meta.url).href, options };
}
