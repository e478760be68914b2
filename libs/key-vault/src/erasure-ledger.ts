/**
 * The ledger of erasures: a signed, append-only file outside the data folder, so that a data folder restored from an
 * older copy cannot bring a person back.
 *
 * Beside the ledger `L` lie `L.key`, the private key that signs it (PKCS 8 PEM, mode 0600), and `L.head`, the signed
 * place of its last line, by which a cut end is found. None of the three is in the data folder: a restored older
 * folder meets the whole ledger and its key as they are. The public key stands in the ledger's first line; an officer
 * who keeps it (or the head) elsewhere can tell this ledger from a forged one, and `publicKey` makes `open` do so.
 * Who can write all three files can forge them all; put them where the operator of the data folder cannot.
 */
import type { KeyObject } from 'node:crypto';
import { open, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '@anamnesis/kernel';
import { ensureFolder } from './durable-file.ts';
import { openFiles, readWhole, settleHead, writeHead } from './ledger-files.ts';
import {
  alteredLedger,
  hashOf,
  lineOf,
  rawPublicKey,
  verifyLines,
  type Erasure,
  type LedgerHead,
  type NewErasure,
  type VerifiedLedger,
} from './ledger-lines.ts';
import type { KeyVault } from './port.ts';

export type { Erasure, LedgerHead, NewErasure } from './ledger-lines.ts';

export interface ErasureLedgerOptions {
  readonly path: string;
  /** The public key that the ledger must have, where it is known from elsewhere. */
  readonly publicKey?: string;
}

const APPLY_AT_ONCE = 100;

/** Errors: `Fault` `ledger-altered`; `ledger-unavailable` (retryable where the disk may yet answer). */
export class ErasureLedger {
  /** The raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  readonly #path: string;
  readonly #key: KeyObject | undefined;
  readonly #erasures: Erasure[];
  #head: LedgerHead;
  #headOnDisk: number;
  /** Bytes that are ours; anything beyond is somebody else's. */
  #size: number;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, key: KeyObject | undefined, verified: VerifiedLedger, size: number) {
    this.#path = path;
    this.#key = key;
    this.publicKey = verified.publicKey;
    this.#erasures = [...verified.erasures];
    this.#head = { seq: verified.erasures.length, hash: verified.hashes.at(-1)! };
    this.#headOnDisk = this.#head.seq;
    this.#size = size;
  }

  /** Opens the ledger and verifies all of it; makes one where there never was one. */
  static async open({ path, publicKey }: ErasureLedgerOptions): Promise<ErasureLedger> {
    try {
      await ensureFolder(dirname(path));
      const key = await openFiles(path);
      const { text, torn } = await readWhole(path);
      const verified = verifyLines(text.split('\n').slice(0, -1));
      if (publicKey !== undefined && publicKey !== verified.publicKey) throw alteredLedger();
      if (key && rawPublicKey(key) !== verified.publicKey) throw alteredLedger();
      await settleHead(path, verified, key);
      const size = Buffer.byteLength(text, 'utf8');
      if (torn) await truncate(path, size);
      return new ErasureLedger(path, key, verified, size);
    } catch (error) {
      throw ledgerFault(error);
    }
  }

  /** In the order they were appended. */
  get erasures(): readonly Erasure[] {
    return this.#erasures;
  }

  /** To be kept with the checkpoints: it pins everything up to here. */
  get head(): LedgerHead {
    return this.#head;
  }

  /** Durable when it resolves. An id that is there already is not written again. */
  append(erasure: NewErasure): Promise<Erasure> {
    const appended = this.#last.then(() => this.#append(erasure));
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  /** Destroys again whatever a restored vault brought back; how many erasures it went through. */
  async apply(vault: Pick<KeyVault, 'destroy'>): Promise<number> {
    for (let i = 0; i < this.#erasures.length; i += APPLY_AT_ONCE) {
      const some = this.#erasures.slice(i, i + APPLY_AT_ONCE);
      await Promise.all(
        some.flatMap(({ subjects, classes }) => subjects.map((subject) => vault.destroy(subject, classes))),
      );
    }
    return this.#erasures.length;
  }

  async #append(erasure: NewErasure): Promise<Erasure> {
    try {
      // After a failure the head may be one line behind; it must never be two.
      if (this.#key && this.#headOnDisk < this.#head.seq) await this.#writeHead(this.#key);
      const known = this.#erasures.find(({ id }) => id === erasure.id);
      if (known) return known;
      if (!this.#key) throw new Fault('ledger-unavailable', 'The key that signs the ledger of erasures is missing.');
      return await this.#write(erasure, this.#key);
    } catch (error) {
      throw ledgerFault(error);
    }
  }

  async #write(erasure: NewErasure, key: KeyObject): Promise<Erasure> {
    const { id, subjects, classes, at, basis, askedBy, approvedBy } = erasure;
    const seq = this.#head.seq + 1;
    const entry: Erasure = { seq, id, subjects, classes, at, basis, askedBy, approvedBy, previous: this.#head.hash };
    const line = lineOf(entry, key);
    await this.#writeLine(Buffer.from(`${line}\n`, 'utf8'));
    this.#head = { seq, hash: hashOf(line) };
    this.#erasures.push(entry);
    await this.#writeHead(key);
    return entry;
  }

  async #writeHead(key: KeyObject): Promise<void> {
    await writeHead(this.#path, this.#head, key);
    this.#headOnDisk = this.#head.seq;
  }

  async #writeLine(bytes: Uint8Array): Promise<void> {
    const file = await open(this.#path, 'r+');
    try {
      if ((await file.stat()).size !== this.#size) throw alteredLedger();
      try {
        await file.write(bytes, 0, bytes.length, this.#size);
        await file.sync();
      } catch (error) {
        await file.truncate(this.#size);
        throw error;
      }
      this.#size += bytes.length;
    } finally {
      await file.close();
    }
  }
}

function ledgerFault(error: unknown): unknown {
  if (error instanceof Fault || (error as NodeJS.ErrnoException).syscall === undefined) return error;
  return new Fault('ledger-unavailable', 'The ledger of erasures could not be read or written.', {
    retryable: true,
    cause: error,
  });
}
