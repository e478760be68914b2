import { Worker } from 'node:worker_threads';
import { Fault } from '@anamnesis/kernel';
import { queueFull, stopping } from './faults.ts';
import {
  fromWire,
  type QueryMethod,
  type QueryReply,
  type QueryRequest,
  type QueryThreadData,
} from './query-protocol.ts';
import type { Search } from './search.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The query threads of one store, started when first needed. */
export class QueryThreads {
  readonly #data: QueryThreadData;
  readonly #queueLimit: number;
  readonly #threads: (QueryThread | undefined)[];
  #waiting = 0;
  #closed = false;

  constructor(data: QueryThreadData, threads: number, queueLimit: number) {
    this.#data = data;
    this.#queueLimit = queueLimit;
    this.#threads = new Array<QueryThread | undefined>(threads).fill(undefined);
  }

  async ask<M extends QueryMethod>(
    model: string,
    method: M,
    args: Parameters<Search[M]>,
  ): Promise<ReturnType<Search[M]>> {
    if (this.#closed) throw stopping();
    if (this.#waiting >= this.#queueLimit) throw queueFull();
    this.#waiting += 1;
    try {
      return (await this.#leastBusy().ask(model, method, args)) as ReturnType<Search[M]>;
    } finally {
      this.#waiting -= 1;
    }
  }

  #leastBusy(): QueryThread {
    let best = 0;
    this.#threads.forEach((thread, index) => {
      if ((thread?.waiting ?? 0) < (this.#threads[best]?.waiting ?? 0)) best = index;
    });
    const thread = this.#threads[best];
    if (thread !== undefined && !thread.ended) return thread;
    return (this.#threads[best] = new QueryThread(this.#data));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map((thread) => thread?.close()));
  }
}

class QueryThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #outbox: QueryRequest[] = [];
  #next = 0;
  ended = false;

  constructor(data: QueryThreadData) {
    this.#worker = new Worker(new URL('./query-thread.ts', import.meta.url), { workerData: data, name: 'queries' });
    this.#worker.on('message', (replies: readonly QueryReply[]) => this.#receive(replies));
    this.#worker.on('error', (cause) => this.#end(unavailable(cause)));
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#end(unavailable());
        resolve();
      });
    });
    this.#worker.unref();
  }

  get waiting(): number {
    return this.#pending.size;
  }

  ask(model: string, method: QueryMethod, args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const number = this.#next++;
      if (this.#pending.size === 0) this.#worker.ref();
      this.#pending.set(number, { resolve, reject });
      // All that is asked in one turn of the loop travels in one message.
      if (this.#outbox.length === 0) queueMicrotask(() => this.#send());
      this.#outbox.push({ number, model, method, args } as QueryRequest);
    });
  }

  #send(): void {
    const requests = this.#outbox;
    this.#outbox = [];
    if (!this.ended) this.#worker.postMessage(requests);
  }

  #receive(replies: readonly QueryReply[]): void {
    for (const reply of replies) {
      const waiting = this.#pending.get(reply.number);
      this.#pending.delete(reply.number);
      if ('error' in reply) waiting?.reject(fromWire(reply.error));
      else waiting?.resolve(reply.value);
    }
    if (this.#pending.size === 0) this.#worker.unref();
  }

  #end(fault: Fault): void {
    this.ended = true;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(fault);
  }

  async close(): Promise<void> {
    this.#worker.ref();
    if (!this.ended) this.#worker.postMessage('close');
    await this.#exited;
  }
}

const unavailable = (cause?: unknown) =>
  new Fault('store-unavailable', 'The query thread ended; it is started again', { retryable: true, cause });
