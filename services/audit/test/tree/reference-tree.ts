import { createHash } from 'node:crypto';
import type { SubtreeRoot } from '../../src/tree/index.ts';

const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** MTH of RFC 9162 section 2.1.1 as it is written there, over leaf hashes: the oracle of the other tests. */
export function merkleTreeHash(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.from([1]), merkleTreeHash(leaves.slice(0, k)), merkleTreeHash(leaves.slice(k)));
}

export function subtreesOf(leaves: readonly Uint8Array[]): SubtreeRoot {
  return (level, index) => {
    const width = 2 ** level;
    const range = leaves.slice(index * width, (index + 1) * width);
    if (range.length !== width) throw new Error('asked for a subtree that is not complete');
    return merkleTreeHash(range);
  };
}

/** `count` leaf hashes that depend on the seed. */
export function someLeaves(count: number, seed: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => sha256(Buffer.from(`${seed}/${index}`)));
}
