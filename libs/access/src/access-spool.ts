import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { Fault } from '@anamnesis/kernel';

/**
 * Space for access records that is there even when the disk is full: a file written full of zeros at the start, in
 * which records are then overwritten in place and synced. Each is its length and CRC-32 (4 bytes each, big-endian)
 * and its bytes; a length of zero ends the list. (A file system that copies on write gives no such promise.)
 */
export class AccessSpool {
  readonly #file: FileHandle;
  readonly #capacity: number;
  #end = 0;
  #waiting: { readonly frame: Buffer; resolve(): void; reject(error: Error): void }[] = [];
  /** One writer, one after the other: appends and the drain. */
  #turn: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, capacity: number) {
    this.#file = file;
    this.#capacity = capacity;
  }

  static async open(path: string, capacity: number): Promise<AccessSpool> {
    const file = await open(path, 'r+').catch(() => open(path, 'wx+', 0o600));
    const spool = new AccessSpool(file, capacity);
    await spool.#reserve();
    spool.#end = (await spool.#records()).end;
    return spool;
  }

  /** Whether records wait to be drained. */
  get isEmpty(): boolean {
    return this.#end === 0 && this.#waiting.length === 0;
  }

  /** Resolves when the record is on the disk. Throws `Fault` `store-full` when the reserved space is used up. */
  append(record: Uint8Array): Promise<void> {
    const frame = Buffer.alloc(HEADER + record.length);
    frame.writeUInt32BE(record.length, 0);
    frame.writeUInt32BE(crc32(record), 4);
    frame.set(record, HEADER);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frame, resolve, reject });
      if (this.#waiting.length === 1) void this.#take(() => this.#flush());
    });
  }

  /**
   * Hands the records over, oldest first, and forgets them when all were taken. If `take` rejects they stay, those
   * already taken as well: whoever takes them knows them again.
   */
  drain(take: (record: Uint8Array) => Promise<void>): Promise<void> {
    return this.#take(async () => {
      for (const record of (await this.#records()).records) await take(record);
      if (this.#end === 0) return;
      await this.#file.write(Buffer.alloc(HEADER), 0, HEADER, 0);
      await this.#file.datasync();
      this.#end = 0;
    });
  }

  async close(): Promise<void> {
    await this.#take(() => this.#file.close());
  }

  #take(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Everything that waits goes with one write and one sync. */
  async #flush(): Promise<void> {
    const batch = this.#waiting.splice(0);
    const frames: Buffer[] = [];
    let end = this.#end;
    for (const one of batch) {
      if (end + one.frame.length + HEADER > this.#capacity) {
        one.reject(new Fault('store-full', 'The reserved space for access records is used up.'));
        continue;
      }
      frames.push(one.frame);
      end += one.frame.length;
    }
    const written = batch.filter(({ frame }) => frames.includes(frame));
    try {
      const bytes = Buffer.concat([...frames, Buffer.alloc(HEADER)]);
      await this.#file.write(bytes, 0, bytes.length, this.#end);
      await this.#file.datasync();
      this.#end = end;
      for (const { resolve } of written) resolve();
    } catch (cause) {
      const fault = new Fault('store-unavailable', 'The spool of access records cannot be written.', { cause });
      for (const { reject } of written) reject(fault);
    }
  }

  async #reserve(): Promise<void> {
    let { size } = await this.#file.stat();
    const zeros = Buffer.alloc(1 << 20);
    for (; size < this.#capacity; size += zeros.length) {
      await this.#file.write(zeros, 0, Math.min(zeros.length, this.#capacity - size), size);
    }
    await this.#file.sync();
  }

  /** Up to the first record that is not whole: a crash tore it, and nobody was told that it is durable. */
  async #records(): Promise<{ records: Uint8Array[]; end: number }> {
    const records: Uint8Array[] = [];
    const header = Buffer.alloc(HEADER);
    let end = 0;
    while (end + HEADER <= this.#capacity) {
      await this.#file.read(header, 0, HEADER, end);
      const length = header.readUInt32BE(0);
      if (length === 0 || end + HEADER + length > this.#capacity) break;
      const record = Buffer.alloc(length);
      await this.#file.read(record, 0, length, end + HEADER);
      if (crc32(record) !== header.readUInt32BE(4)) break;
      records.push(record);
      end += HEADER + length;
    }
    return { records, end };
  }
}

const HEADER = 8;
