/** Protocol Buffers' base-128 integers (https://protobuf.dev/programming-guides/encoding/), for safe integers from 0. */
const TWO_28 = 2 ** 28;

export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

export function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value;
  while (rest >= TWO_28) {
    target[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** A tag of a length-delimited field, its length, its bytes. The tag is one octet: field numbers up to 15. */
export function writeBytes(target: Buffer, at: number, tag: number, bytes: Uint8Array): number {
  target[at++] = tag;
  const start = writeVarint(target, at, bytes.length);
  target.set(bytes, start);
  return start + bytes.length;
}

export function bytesSize(length: number): number {
  return 1 + varintSize(length) + length;
}
