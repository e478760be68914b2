import { Worker } from 'node:worker_threads';
import { Fault } from '@anamnesis/kernel';
import { carried, type Reply, type Request } from './protocol.ts';

type Call = Request extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;
type Answer<K> = Extract<Reply, { readonly kind: K }>;
/** Which reply ends which request. */
type AnswerTo<K> = Answer<K extends 'ensure' ? 'ensured' : K extends 'destroy' ? 'destroyed' : 'rotated'>;

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: unknown) => void;
  readonly progress: ((done: number, total: number) => void) | undefined;
}

/** The vault's writing thread as the other threads see it: a call goes out, its promise settles with the answer. */
export class VaultClient {
  readonly #worker: Worker;
  /** The vault was made by this start: there were no keys before. */
  readonly made: boolean;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  /** Why no more calls are taken. */
  #ended: Fault | undefined;
  #exited = false;

  private constructor(worker: Worker, made: boolean) {
    this.#worker = worker;
    this.made = made;
    worker.on('message', (reply: Reply) => this.#receive(reply));
    worker.on('error', (cause) => {
      this.#end(new Fault('vault-unavailable', "The key vault's thread has failed.", { cause }));
    });
    worker.on('exit', () => {
      this.#exited = true;
      this.#end(stopping());
    });
  }

  /** Resolves when the thread has opened the vault. */
  static start(folder: string): Promise<VaultClient> {
    const worker = new Worker(new URL('./vault-thread.ts', import.meta.url), { workerData: { folder } });
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (reply: Reply) => {
        worker.removeListener('error', reject);
        if (reply.kind === 'ready') return resolve(new VaultClient(worker, reply.made));
        // Rejects when the thread is gone and has let go of the files.
        if (reply.kind === 'failed') worker.once('exit', () => reject(carried(reply.fault)));
      });
    });
  }

  call<C extends Call>(request: C, progress?: Waiting['progress']): Promise<AnswerTo<C['kind']>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ ...request, id });
    });
  }

  /** Takes no more calls; those before it are still answered, but a rotation stops where it is. */
  async close(): Promise<void> {
    if (this.#exited) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    if (!this.#ended) this.#worker.postMessage({ kind: 'close' } satisfies Request);
    this.#ended ??= stopping();
    await exited;
  }

  #receive(reply: Reply): void {
    if (!('id' in reply) || reply.id === undefined) return;
    const waiting = this.#waiting.get(reply.id);
    if (reply.kind === 'rotating') return waiting?.progress?.(reply.done, reply.total);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'failed') waiting?.reject(carried(reply.fault));
    else waiting?.resolve(reply as never);
  }

  #end(fault: Fault): void {
    this.#ended ??= fault;
    for (const { reject } of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
  }
}

const stopping = (): Fault => new Fault('stopping', 'The key vault is closed.');
