/**
 * Sealing: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce.
 *
 * Sealed bytes: format (1 byte, 1) | nonce (12) | ciphertext | tag (16).
 * Associated data: stream, logical event id, type and schema version (in decimal), in this order, each as its length
 * in bytes (unsigned 16 bits, big endian) and its UTF-8 bytes. A ciphertext moved to another place in the log, or to
 * another event of the same patient, therefore does not open.
 *
 * Random nonces are safe up to 2^32 messages under one key (SP 800-38D section 8.3); the busiest key, the network's
 * audit key, changes monthly.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { Fault } from '@anamnesis/kernel';
import { RandomPool } from './random-pool.ts';

/** Where the event stands and what it is; bound to its sealed data. */
export interface SealContext {
  readonly stream: string;
  readonly id: string;
  readonly type: string;
  readonly schema: number;
}

const CIPHER = 'aes-256-gcm';
const FORMAT = 1;
const NONCE_AT = 1;
const TEXT_AT = 13;
const TAG_LENGTH = 16;

const nonces = new RandomPool(12 * 1024);
// Both are valid until the next call: a cipher takes its copies at once.
const nonce = new Uint8Array(12);
const scratch = Buffer.allocUnsafeSlow(2048);
const altered = 'A stored event does not open with its key: it was altered, moved, or sealed with another key.';

/** Seals `plaintext` (bytes, or text as UTF-8) under a key of 32 bytes. The result has a buffer of its own. */
export function seal(key: Uint8Array, context: SealContext, plaintext: Uint8Array | string): Uint8Array {
  nonces.fill(nonce);
  const cipher = createCipheriv(CIPHER, secretOf(key), nonce);
  cipher.setAAD(associatedData(context));
  const text = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
  cipher.final(); // a stream mode: it has no bytes left to give
  const sealed = new Uint8Array(TEXT_AT + text.length + TAG_LENGTH);
  sealed[0] = FORMAT;
  sealed.set(nonce, NONCE_AT);
  sealed.set(text, TEXT_AT);
  sealed.set(cipher.getAuthTag(), TEXT_AT + text.length);
  return sealed;
}

/** The plaintext. Throws `Fault` `event-altered` when key, context or sealed bytes are not those of the sealing. */
export function open(key: Uint8Array, context: SealContext, sealed: Uint8Array): Buffer {
  const end = sealed.length - TAG_LENGTH;
  if (end < TEXT_AT || sealed[0] !== FORMAT) throw new Fault('event-altered', altered);
  const decipher = createDecipheriv(CIPHER, secretOf(key), sealed.subarray(NONCE_AT, TEXT_AT), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAAD(associatedData(context));
  decipher.setAuthTag(sealed.subarray(end));
  const text = decipher.update(sealed.subarray(TEXT_AT, end));
  try {
    decipher.final();
  } catch (cause) {
    throw new Fault('event-altered', altered, { cause });
  }
  return text;
}

/**
 * A key object costs half a microsecond and saves the twelve that a cipher takes to accept raw bytes.
 * It is made for one use: OpenSSL wipes its copy when it goes.
 */
function secretOf(key: Uint8Array): KeyObject {
  if (key.length !== 32) throw new TypeError('A data key has 32 bytes.');
  let any = 0;
  for (let i = 0; i < 32; i++) any |= key[i]!;
  if (any === 0) throw new TypeError('A data key was used after it was evicted.');
  return createSecretKey(key);
}

function associatedData({ stream, id, type, schema }: SealContext): Buffer {
  // Three bytes of UTF-8 at most for each UTF-16 unit.
  const room = 3 * (stream.length + id.length + type.length) + 32;
  const into = room <= scratch.length ? scratch : Buffer.allocUnsafeSlow(room);
  let at = field(into, 0, stream);
  at = field(into, at, id);
  at = field(into, at, type);
  at = field(into, at, String(schema));
  return into.subarray(0, at);
}

function field(into: Buffer, at: number, text: string): number {
  const length = into.write(text, at + 2, 'utf8');
  if (length > 0xffff) throw new RangeError('A field of the envelope is too long to seal.');
  into[at] = length >>> 8;
  into[at + 1] = length & 0xff;
  return at + 2 + length;
}
