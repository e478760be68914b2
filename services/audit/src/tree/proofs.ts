import { EMPTY_ROOT, nodeHash } from './hashing.ts';

/** The root of the complete subtree of leaves [index * 2^level, (index + 1) * 2^level). */
export type SubtreeRoot = (level: number, index: number) => Uint8Array;

/** The largest power of two below n, for n > 1 (the `k` of RFC 9162 section 2.1.1). */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** MTH(D[start:end]), where `start` is a multiple of the range's size rounded up to a power of two. */
export function rangeRoot(subtree: SubtreeRoot, start: number, end: number): Uint8Array {
  const size = end - start;
  if (size === 0) return EMPTY_ROOT;
  const level = Math.log2(size);
  if (Number.isInteger(level)) return subtree(level, start / size);
  const k = split(size);
  return nodeHash(rangeRoot(subtree, start, start + k), rangeRoot(subtree, start + k, end));
}

/** The root of the first `size` leaves. */
export function treeRoot(subtree: SubtreeRoot, size: number): Uint8Array {
  return rangeRoot(subtree, 0, size);
}

/**
 * The audit path of leaf `leaf` in the tree of the first `size` leaves, leaf's sibling first (RFC 9162 section
 * 2.1.3.1). Throws `RangeError` unless 0 <= leaf < size.
 */
export function inclusionProof(subtree: SubtreeRoot, leaf: number, size: number): Uint8Array[] {
  if (!(leaf >= 0 && leaf < size)) throw new RangeError('The leaf is not in the tree.');
  const path: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    if (leaf < middle) {
      path.push(rangeRoot(subtree, middle, end));
      end = middle;
    } else {
      path.push(rangeRoot(subtree, start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/**
 * The proof that the tree of the first `from` leaves is a prefix of that of the first `to` (RFC 9162 section
 * 2.1.4.1). Empty for `from` = `to` and for `from` = 0. Throws `RangeError` unless 0 <= from <= to.
 */
export function consistencyProof(subtree: SubtreeRoot, from: number, to: number): Uint8Array[] {
  if (!(from >= 0 && from <= to)) throw new RangeError('The older tree must not be larger than the newer one.');
  if (from === 0 || from === to) return [];
  const path: Uint8Array[] = [];
  let start = 0;
  let end = to;
  while (from !== end) {
    const middle = start + split(end - start);
    if (from <= middle) {
      path.push(rangeRoot(subtree, middle, end));
      end = middle;
    } else {
      path.push(rangeRoot(subtree, start, middle));
      start = middle;
    }
  }
  // SUBPROOF's `b`: the older tree's own root is left out, because whoever checks has it.
  if (start !== 0) path.push(rangeRoot(subtree, start, end));
  return path.reverse();
}
