import { Worker } from 'node:worker_threads';
import { Fault, type DataClass } from '@anamnesis/kernel';
import { ensureFolder } from '../durable-file.ts';
import { DATA_CLASSES } from '../key-owner.ts';
import type { KeyOwner, KeyVault } from '../port.ts';
import { keysFolder } from './database.ts';
import { EmbeddedKeyReader, keyDestroyed, type KeyReaderOptions } from './embedded-key-reader.ts';
import { SharedEpoch } from './epoch.ts';
import { carried, type Reply, type Request } from './protocol.ts';
import { vaultFault } from './sqlite-fault.ts';

export type KeyVaultOptions = KeyReaderOptions;

/** More keys than this on their way at once are refused as `overloaded`. */
const MOST_WAITING = 20_000;

interface Waiting<T = unknown> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Rotating extends Waiting<{ version: number; rewrapped: number }> {
  readonly progress: ((done: number, total: number) => void) | undefined;
}

interface WantedKey extends Waiting<Uint8Array> {
  readonly owner: KeyOwner;
}

/**
 * The embedded vault: a key-encryption key in a file, wrapped data keys in SQLite, both in `keys/` of the data folder.
 * Reading happens in the calling thread, writing and its syncs in a thread of the vault's own.
 */
export class EmbeddedKeyVault implements KeyVault {
  readonly #worker: Worker;
  readonly #reader: EmbeddedKeyReader;
  readonly #epoch: SharedEpoch;
  /** Keys on their way, by owner: who asks for the same one meanwhile gets the same answer. */
  readonly #wanted = new Map<string, Promise<Uint8Array>>();
  #gathered: WantedKey[] = [];
  readonly #ensures = new Map<number, readonly WantedKey[]>();
  readonly #destroys = new Map<number, Waiting<void>>();
  readonly #rotations = new Map<number, Rotating>();
  #lastId = 0;
  /** Why nothing more can be written. */
  #ended: Fault | undefined;
  #closed: Promise<void> | undefined;

  private constructor(worker: Worker, reader: EmbeddedKeyReader, epoch: SharedEpoch) {
    this.#worker = worker;
    this.#reader = reader;
    this.#epoch = epoch;
    worker.on('message', (reply: Reply) => this.#receive(reply));
    worker.on('error', (cause) => {
      this.#end(new Fault('vault-unavailable', "The key vault's thread has failed.", { cause }));
    });
    worker.on('exit', () => this.#end(stopping()));
  }

  /**
   * Opens the vault of a data folder, and makes it at first start. Throws `Fault` `vault-key-wrong` when the
   * key-encryption key is missing, open to others, or not the one that wrapped the keys; `vault-unavailable`.
   */
  static async open(options: KeyVaultOptions): Promise<EmbeddedKeyVault> {
    try {
      await ensureFolder(keysFolder(options.folder));
      const epoch = SharedEpoch.publish(options.folder);
      const worker = await startThread(options.folder);
      try {
        return new EmbeddedKeyVault(worker, await EmbeddedKeyReader.open(options), epoch);
      } catch (error) {
        await worker.terminate();
        throw error;
      }
    } catch (error) {
      throw vaultFault(error);
    }
  }

  /** The cache's own bytes: use them before the next `await`, never keep them. */
  cached(owner: KeyOwner): Uint8Array | undefined {
    return this.#reader.cached(owner);
  }

  /** A copy, the caller's to hold. */
  get(owner: KeyOwner): Promise<Uint8Array | undefined> {
    return this.#reader.get(owner);
  }

  /** A copy, the caller's to hold; who asks at the same time for the same key shares it. */
  ensure(owner: KeyOwner): Promise<Uint8Array> {
    try {
      const known = this.#reader.read(owner);
      if (known) return Promise.resolve(known);
      if (this.#ended) throw this.#ended;
      const name = `${owner.dataClass}/${owner.subject}`;
      return this.#wanted.get(name) ?? this.#want(owner, name);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  async destroy(subject: string, classes: readonly DataClass[] = DATA_CLASSES): Promise<void> {
    const owners = classes.flatMap((dataClass) => [subject, dataClass]);
    try {
      await new Promise<void>((resolve, reject) => {
        const id = this.#send((id) => ({ kind: 'destroy', id, owners }));
        this.#destroys.set(id, { resolve, reject });
      });
    } finally {
      // Also when the call failed: then the keys may be gone nevertheless.
      this.#epoch.bump();
    }
  }

  rotate(progress?: (done: number, total: number) => void): Promise<{ version: number; rewrapped: number }> {
    return new Promise((resolve, reject) => {
      const id = this.#send((id) => ({ kind: 'rotate', id }));
      this.#rotations.set(id, { resolve, reject, progress });
    });
  }

  keyedHash(purpose: string, text: string): string {
    return this.#reader.keyedHash(purpose, text);
  }

  evict(subject?: string): void {
    this.#reader.evict(subject);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#flush();
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    if (!this.#ended) {
      this.#worker.postMessage({ kind: 'close' } satisfies Request);
      await exited;
    }
    await this.#reader.close();
  }

  #want(owner: KeyOwner, name: string): Promise<Uint8Array> {
    if (this.#wanted.size >= MOST_WAITING) {
      throw new Fault('overloaded', 'Too many keys are being made at once.', { retryable: true });
    }
    const made = new Promise<Uint8Array>((resolve, reject) => this.#gathered.push({ owner, resolve, reject }));
    this.#wanted.set(name, made);
    // All that is asked for in this turn of the loop goes to the thread as one message.
    if (this.#gathered.length === 1) queueMicrotask(() => this.#flush());
    return made;
  }

  #flush(): void {
    const wanted = this.#gathered;
    if (wanted.length === 0) return;
    this.#gathered = [];
    const owners = wanted.flatMap(({ owner }) => [owner.subject, owner.dataClass]);
    try {
      this.#ensures.set(
        this.#send((id) => ({ kind: 'ensure', id, owners })),
        wanted,
      );
    } catch (error) {
      this.#settle(wanted, (one) => one.reject(error));
    }
  }

  #send(request: (id: number) => Request): number {
    if (this.#ended || this.#closed) throw this.#ended ?? stopping();
    const id = ++this.#lastId;
    this.#worker.postMessage(request(id));
    return id;
  }

  #receive(reply: Reply): void {
    switch (reply.kind) {
      case 'ensured':
        return this.#ensured(reply.id, reply.keys, new Set(reply.destroyed));
      case 'destroyed':
        this.#destroys.get(reply.id)?.resolve();
        this.#destroys.delete(reply.id);
        return;
      case 'rotating':
        return this.#rotations.get(reply.id)?.progress?.(reply.done, reply.total);
      case 'rotated':
        this.#rotations.get(reply.id)?.resolve({ version: reply.version, rewrapped: reply.rewrapped });
        this.#rotations.delete(reply.id);
        return;
      case 'failed':
        if (reply.id !== undefined) this.#failed(reply.id, carried(reply.fault));
        return;
    }
  }

  #ensured(id: number, keys: Uint8Array, destroyed: ReadonlySet<number>): void {
    const wanted = this.#ensures.get(id) ?? [];
    this.#ensures.delete(id);
    let i = 0;
    this.#settle(wanted, (one) => {
      const at = i++;
      if (destroyed.has(at)) return one.reject(keyDestroyed());
      const key = keys.slice(32 * at, 32 * at + 32);
      this.#reader.keep(one.owner, key);
      one.resolve(key);
    });
    keys.fill(0);
  }

  #failed(id: number, fault: Fault): void {
    this.#settle(this.#ensures.get(id) ?? [], (one) => one.reject(fault));
    this.#destroys.get(id)?.reject(fault);
    this.#rotations.get(id)?.reject(fault);
    for (const waiting of [this.#ensures, this.#destroys, this.#rotations]) waiting.delete(id);
  }

  #settle(wanted: readonly WantedKey[], settle: (one: WantedKey) => void): void {
    for (const one of wanted) {
      this.#wanted.delete(`${one.owner.dataClass}/${one.owner.subject}`);
      settle(one);
    }
  }

  #end(fault: Fault): void {
    this.#ended ??= fault;
    for (const id of [...this.#ensures.keys(), ...this.#destroys.keys(), ...this.#rotations.keys()]) {
      this.#failed(id, this.#ended);
    }
  }
}

const stopping = (): Fault => new Fault('stopping', 'The key vault is closed.');

/** The writing thread, when it has opened the vault. */
function startThread(folder: string): Promise<Worker> {
  const worker = new Worker(new URL('./vault-thread.ts', import.meta.url), { workerData: { folder } });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (reply: Reply) => {
      worker.removeListener('error', reject);
      if (reply.kind === 'ready') return resolve(worker);
      if (reply.kind === 'failed') reject(carried(reply.fault));
    });
  });
}
