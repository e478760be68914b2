import { EMPTY_ROOT, nodeHash } from './hashing.ts';

/**
 * The roots of the complete subtrees that a tree of `size` leaves is made of, largest first: one for each bit that is
 * set in `size`. All that is needed to append leaves and to know the root.
 */
export interface Frontier {
  readonly size: number;
  readonly roots: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, roots: [] };

/** The tree with one more leaf. Merges as many subtrees as `size` has trailing set bits. */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array): Frontier {
  return appendSubtree(frontier, leaf, 0);
}

/**
 * The tree with one more complete subtree of 2^level leaves. Throws `RangeError` when the tree's size is no multiple
 * of 2^level: a subtree has its place.
 */
export function appendSubtree(frontier: Frontier, root: Uint8Array, level: number): Frontier {
  const leaves = 2 ** level;
  if (frontier.size % leaves !== 0) throw new RangeError('A subtree must begin at a multiple of its own size.');
  const roots = frontier.roots.slice();
  let merged = root;
  for (let count = frontier.size / leaves; count % 2 === 1; count = (count - 1) / 2) {
    merged = nodeHash(roots.pop() as Uint8Array, merged);
  }
  roots.push(merged);
  return { size: frontier.size + leaves, roots };
}

/** The Merkle tree hash of all leaves (RFC 9162 section 2.1.1). */
export function rootOf(frontier: Frontier): Uint8Array {
  return frontier.roots.length === 0 ? EMPTY_ROOT : frontier.roots.reduceRight((right, left) => nodeHash(left, right));
}
