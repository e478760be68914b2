import { accessSync, constants, mkdirSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { Fault } from '@anamnesis/kernel';
import type { AppendResult, EventStore, StreamWrite } from '../port.ts';
import { Outbox, unpackOutcome } from './append-message.ts';
import { EmbeddedReader } from './embedded-reader.ts';
import { FolderLock } from './folder-lock.ts';
import { HeadSignal } from './head-signal.ts';
import { faulting } from './sqlite-fault.ts';
import { fromFailure, type FromWriter, type WriterData } from './writer-messages.ts';

export interface EmbeddedEventStoreOptions {
  /** The data folder; made when it does not exist. */
  readonly folder: string;
  /** How many events may wait for their commit before `overloaded`; default 50,000. */
  readonly queuedEvents?: number;
  /** How many bytes may; default 128 MiB. */
  readonly queuedBytes?: number;
  /** The log's file grows no further than this many bytes, then `store-full`; default: as far as the disk goes. */
  readonly limitBytes?: number;
}

interface PendingAppend {
  readonly streams: readonly string[];
  readonly events: number;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
}

/** A tick that has gathered this many bytes is sent at once. */
const SEND_BYTES = 4 * 1024 * 1024;
/** Buffers that come back from the writer are used again, if few and not large. */
const KEPT_SPARES = 8;
const KEPT_SPARE_BYTES = 1024 * 1024;

/**
 * The event store in one folder: `log.sqlite`, one owner, one writer thread. Events are encoded here and committed
 * there; the appends of one tick travel in one message, and everything that arrives during a commit shares the next.
 */
export class EmbeddedEventStore extends EmbeddedReader implements EventStore {
  readonly #lock: FolderLock;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #signal: HeadSignal;
  readonly #queuedEvents: number;
  readonly #queuedBytes: number;
  readonly #spares: ArrayBuffer[] = [];
  /** Sent or about to be, in order; answered from the front. */
  #pending: PendingAppend[] = [];
  #outbox = new Outbox();
  #sending = false;
  #events = 0;
  #bytes = 0;
  /** Why no more appends are taken. */
  #ended: Fault | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: EmbeddedEventStoreOptions, lock: FolderLock, signal: HeadSignal, writer: Writer) {
    super({ folder: options.folder, head: signal.buffer });
    this.#lock = lock;
    this.#signal = signal;
    this.#worker = writer.worker;
    this.#port = writer.port;
    this.#queuedEvents = options.queuedEvents ?? 50_000;
    this.#queuedBytes = options.queuedBytes ?? 128 * 1024 * 1024;
    this.#port.on('message', (message: FromWriter) => this.#receive(message));
    this.#worker.on('error', (error) => this.#writerLost(error));
    this.#worker.on('exit', () => this.#writerLost());
  }

  /**
   * Throws `Fault`: `store-in-use` while another process (or this one) has the folder open, `store-read-only`,
   * `store-full`, `store-unavailable`, and `CorruptLog` with the first bad position.
   */
  static async open(options: EmbeddedEventStoreOptions): Promise<EmbeddedEventStore> {
    faulting(() => {
      mkdirSync(options.folder, { recursive: true, mode: 0o700 });
      // SQLite would only say that it cannot open its file.
      accessSync(options.folder, constants.W_OK | constants.X_OK);
    });
    const lock = FolderLock.take(options.folder);
    try {
      const signal = new HeadSignal();
      const writer = await startWriter(options, signal);
      try {
        return new EmbeddedEventStore(options, lock, signal, writer);
      } catch (error) {
        await writer.worker.terminate();
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Give it to a worker thread for `openEmbeddedReader({ folder, head })`: it then hears of commits at once. */
  get headSignal(): SharedArrayBuffer {
    return this.#signal.buffer;
  }

  append(write: StreamWrite): Promise<AppendResult> {
    return this.appendAll([write]);
  }

  appendAll(writes: readonly StreamWrite[]): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw this.#ended;
      if (this.#events >= this.#queuedEvents || this.#bytes >= this.#queuedBytes) throw overloaded();
      const before = this.#outbox.used;
      const events = this.#outbox.add(writes);
      const bytes = this.#outbox.used - before;
      this.#events += events;
      this.#bytes += bytes;
      this.#pending.push({ streams: writes.map(({ stream }) => stream), events, bytes, resolve, reject });
      if (this.#outbox.used >= SEND_BYTES) this.#send();
      else if (!this.#sending) setImmediate(() => this.#send());
      this.#sending = true;
    });
  }

  /** Takes no more appends, finishes those it has, checkpoints, and lets the folder go. */
  override close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#ended ??= new Fault('stopping', 'The event store is closed.');
    await super.close();
    this.#send();
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    if (this.#worker.threadId !== -1) {
      this.#port.postMessage('close');
      await exited;
    }
    this.#lock.release();
  }

  #send(): void {
    this.#sending = false;
    if (this.#outbox.used === 0) return;
    const { message } = this.#outbox;
    this.#port.postMessage(message, [message.buffer]);
    this.#outbox = new Outbox(this.#spares.pop());
  }

  #receive(message: FromWriter): void {
    if (message.kind === 'answers') {
      this.#answer(message.outcomes);
      for (const spare of message.spares) {
        if (this.#spares.length < KEPT_SPARES && spare.byteLength <= KEPT_SPARE_BYTES) this.#spares.push(spare);
      }
    } else if (message.kind === 'failed') {
      this.#fail(message.requests, fromFailure(message.failure));
    }
  }

  #answer(outcomes: Float64Array): void {
    let answered = 0;
    for (let at = 0; at < outcomes.length; answered++) {
      const append = this.#pending[answered]!;
      const { result, next } = unpackOutcome(outcomes, at, append.streams);
      at = next;
      this.#events -= append.events;
      this.#bytes -= append.bytes;
      append.resolve(result);
    }
    this.#pending.splice(0, answered);
  }

  #fail(requests: number, error: Error): void {
    for (const append of this.#pending.splice(0, requests)) {
      this.#events -= append.events;
      this.#bytes -= append.bytes;
      append.reject(error);
    }
  }

  /** The thread ended by itself: what was under way has an unknown outcome, and the store must be opened anew. */
  #writerLost(cause?: unknown): void {
    if (this.#ended?.code === 'stopping' && this.#pending.length === 0) return;
    const fault = new Fault('store-unavailable', "The event store's writer has ended.", { retryable: true, cause });
    this.#ended ??= fault;
    this.#fail(this.#pending.length, fault);
  }
}

interface Writer {
  readonly worker: Worker;
  readonly port: MessagePort;
}

async function startWriter(options: EmbeddedEventStoreOptions, signal: HeadSignal): Promise<Writer> {
  const { port1: port, port2 } = new MessageChannel();
  const data: WriterData = {
    folder: options.folder,
    limitBytes: options.limitBytes,
    head: signal.buffer,
    port: port2,
  };
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
    name: 'event-log',
    workerData: data,
    transferList: [port2],
  });
  await new Promise<void>((resolve, reject) => {
    port.once('message', (message: FromWriter) => {
      if (message.kind === 'refused') reject(fromFailure(message.failure));
      else resolve();
    });
    worker.once('error', reject);
  });
  worker.removeAllListeners('error');
  return { worker, port };
}

function overloaded(): Fault {
  return new Fault('overloaded', 'Too many appends are waiting for their commit.', { retryable: true });
}
