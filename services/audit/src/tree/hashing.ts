import { hash } from 'node:crypto';

/** SHA-256, the only hash of the tree (RFC 9162 section 2.1.1: leaves and nodes are hashed under different prefixes). */
export const HASH_BYTES = 32;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** MTH of the empty list: the hash of the empty string. */
export const EMPTY_ROOT: Uint8Array = hash('sha256', Buffer.alloc(0), 'buffer');

const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);
let leafInput = Buffer.alloc(64 * 1024);

/** HASH(0x00 || bytes). Copies the bytes once: the one-shot hash is several times faster than an updated one. */
export function leafHash(bytes: Uint8Array): Uint8Array {
  const length = bytes.length + 1;
  if (length > leafInput.length) leafInput = Buffer.alloc(2 ** Math.ceil(Math.log2(length)));
  leafInput[0] = LEAF_PREFIX;
  leafInput.set(bytes, 1);
  return hash('sha256', leafInput.subarray(0, length), 'buffer');
}

/** HASH(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return hash('sha256', nodeInput, 'buffer');
}

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
