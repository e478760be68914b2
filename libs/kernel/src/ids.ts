import { hash, randomFillSync } from 'node:crypto';

/** Any RFC 9562 UUID in its canonical lower-case form. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const pool = Buffer.allocUnsafe(10 * 512);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/** A time-ordered UUID (RFC 9562 version 7). Ordered ids keep the store's indexes growing at one end. */
export function newId(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, (used += 10));
  if (now > lastMs) {
    lastMs = now;
    sequence = random[8]! & 0x7f; // leaves room to count up within the millisecond
  } else {
    sequence += 1;
    if (sequence > 0xfff) {
      lastMs += 1;
      sequence = 0;
    }
  }
  return format(lastMs.toString(16).padStart(12, '0') + '7' + sequence.toString(16).padStart(3, '0') + variant(random));
}

/**
 * The id of the `index`-th thing that a command creates: the same command names the same thing again.
 * A command id that is a version 7 UUID passes its time on, so that derived ids stay ordered as well.
 */
export function derivedId(command: string, index: number | string): string {
  const digest = hash('sha256', `${command}\0${index}`, 'hex');
  if (!UUID.test(command) || command[14] !== '7') {
    return format(`${digest.slice(0, 12)}8${digest.slice(13, 16)}${variantOf(digest.slice(16, 32))}`);
  }
  const time = command.slice(0, 8) + command.slice(9, 13);
  return format(`${time}7${command.slice(15, 18)}${variantOf(digest.slice(0, 16))}`);
}

function variant(bytes: Uint8Array): string {
  return variantOf(Buffer.from(bytes.buffer, bytes.byteOffset, 8).toString('hex'));
}

/** 16 hexadecimal digits with the two variant bits of RFC 9562 section 4.1 set. */
function variantOf(hex: string): string {
  return ((parseInt(hex[0]!, 16) & 0x3) | 0x8).toString(16) + hex.slice(1);
}

function format(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
