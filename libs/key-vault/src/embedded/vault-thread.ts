/**
 * The vault's writing thread: every commit and its sync happen here, so that no request waits for a disk on the main
 * thread. While one commit syncs, requests gather; the next commit carries them all.
 */
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { keyFilePath, openToWrite } from './database.ts';
import { FileKeyEncryption } from './file-key-encryption.ts';
import { carry, type EnsureRequest, type DestroyRequest, type Reply, type Request } from './protocol.ts';
import { VaultWriter } from './vault-writer.ts';

const MOST_OWNERS = 1_000;
const { folder } = workerData as { readonly folder: string };
const port = parentPort!;

interface Rotation {
  readonly id: number;
  readonly version: number;
  readonly total: number;
  done: number;
}

class VaultThread {
  readonly #writer: VaultWriter;
  readonly #port: MessagePort;
  readonly #queue: Request[] = [];
  #rotation: Rotation | undefined;
  #running = false;

  constructor(writer: VaultWriter, from: MessagePort) {
    this.#writer = writer;
    this.#port = from;
  }

  receive(request: Request): void {
    this.#queue.push(request);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#queue.length > 0 || this.#rotation) {
      // What came in during the last sync; its event has not been delivered yet.
      for (let more = receiveMessageOnPort(this.#port); more; more = receiveMessageOnPort(this.#port)) {
        this.#queue.push(more.message as Request);
      }
      await this.#next();
      if (this.#rotation) await this.#rewrap(this.#rotation);
    }
    this.#running = false;
  }

  async #next(): Promise<void> {
    const [first] = this.#queue;
    switch (first?.kind) {
      case 'ensure':
        return this.#ensure(this.#take<EnsureRequest>('ensure'));
      case 'destroy':
        return this.#destroy(this.#take<DestroyRequest>('destroy'));
      case 'rotate':
        this.#queue.shift();
        return this.#beginRotation(first.id);
      case 'close':
        this.#queue.length = 0;
        this.#rotation = undefined;
        this.#writer.close();
        this.#reply({ kind: 'closed' });
        return this.#port.close();
    }
  }

  /** The requests of one kind at the head of the queue, as many as one commit shall carry. */
  #take<R extends EnsureRequest | DestroyRequest>(kind: R['kind']): R[] {
    const taken: R[] = [];
    for (let owners = 0; this.#queue[0]?.kind === kind && owners < MOST_OWNERS;) {
      const request = this.#queue.shift() as R;
      owners += request.owners.length / 2;
      taken.push(request);
    }
    return taken;
  }

  async #ensure(requests: readonly EnsureRequest[]): Promise<void> {
    await this.#answer(requests, async () => {
      const ensured = await this.#writer.ensure(ownersOf(requests));
      let at = 0;
      for (const { id, owners } of requests) {
        const mine = ensured.slice(at, (at += owners.length / 2));
        const keys = new Uint8Array(32 * mine.length);
        const destroyed: number[] = [];
        mine.forEach((key, i) => (key === 'destroyed' ? destroyed.push(i) : keys.set(key, 32 * i)));
        // Moved, not copied: this thread keeps nothing of it.
        this.#reply({ kind: 'ensured', id, keys, destroyed }, [keys.buffer]);
      }
      for (const key of ensured) if (key !== 'destroyed') key.fill(0);
    });
  }

  async #destroy(requests: readonly DestroyRequest[]): Promise<void> {
    await this.#answer(requests, async () => {
      await this.#writer.destroy(ownersOf(requests));
      for (const { id } of requests) this.#reply({ kind: 'destroyed', id });
    });
  }

  async #beginRotation(id: number): Promise<void> {
    if (this.#rotation) {
      // One at a time: the second begins when the first is through.
      this.#queue.push({ kind: 'rotate', id });
      return;
    }
    await this.#answer([{ id }], async () => {
      this.#rotation = { id, done: 0, ...(await this.#writer.beginRotation()) };
    });
  }

  /** One batch, so that requests wait for no more than one. */
  async #rewrap(rotation: Rotation): Promise<void> {
    const { id, version, total } = rotation;
    try {
      const rewrapped = await this.#writer.rewrapBatch(version);
      rotation.done += rewrapped;
      if (rewrapped > 0) return this.#reply({ kind: 'rotating', id, done: rotation.done, total });
      await this.#writer.endRotation(version);
      this.#reply({ kind: 'rotated', id, version, rewrapped: rotation.done });
    } catch (error) {
      this.#reply({ kind: 'failed', id, fault: carry(error) });
    }
    this.#rotation = undefined;
  }

  async #answer(requests: readonly { readonly id: number }[], work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const fault = carry(error);
      for (const { id } of requests) this.#reply({ kind: 'failed', id, fault });
    }
  }

  #reply(reply: Reply, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(reply, transfer);
  }
}

function ownersOf(requests: readonly { readonly owners: readonly string[] }[]) {
  const flat = requests.flatMap(({ owners }) => owners);
  return Array.from({ length: flat.length / 2 }, (_, i) => ({ subject: flat[2 * i]!, dataClass: flat[2 * i + 1]! }));
}

async function start(): Promise<void> {
  try {
    const db = await openToWrite(folder);
    try {
      // A key-encryption key is made only where nothing was ever wrapped; a lost one is never replaced in silence.
      const made = db.prepare('SELECT 1 FROM data_key LIMIT 1').get() === undefined;
      const writer = new VaultWriter(db, await FileKeyEncryption.open(keyFilePath(folder), { create: made }));
      await writer.open();
      const thread = new VaultThread(writer, port);
      port.on('message', (request: Request) => thread.receive(request));
      port.postMessage({ kind: 'ready', made } satisfies Reply);
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    port.postMessage({ kind: 'failed', fault: carry(error) } satisfies Reply);
    port.close();
  }
}

await start();
