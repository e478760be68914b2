import { nodeHash, rangeRoot, sameHash, type SubtreeRoot } from '../tree/index.ts';

export interface Difference {
  /** The first leaf that may differ; all before it are as they were. */
  readonly leaf: number;
  /** Exclusive: the first difference lies before this leaf. `leaf + 1` when it is known exactly. */
  readonly before: number;
}

/**
 * Finds the first leaf in which a log differs from the tree whose root an officer has. It walks down from that root:
 * the hints (the folder's own tree) are believed for a node's children only if they hash to the node, so a tree that
 * was altered with the log can make the answer vaguer, never wrong.
 *
 * `actual` is asked only for subtrees that end at or before `actualSize`; what lies beyond is missing and differs.
 */
export function firstDifference(
  root: Uint8Array,
  size: number,
  hints: SubtreeRoot,
  actual: SubtreeRoot,
  actualSize: number,
): Difference {
  let [start, end, known] = [0, size, root];
  while (end - start > 1) {
    let k = 1;
    while (k * 2 < end - start) k *= 2;
    const middle = start + k;
    const children = hinted(hints, start, middle, end);
    if (!children || !sameHash(nodeHash(...children), known)) break;
    const [left, right] = children;
    const intact = middle <= actualSize && sameHash(rangeRoot(actual, start, middle), left);
    if (intact) [start, known] = [middle, right];
    else [end, known] = [middle, left];
  }
  return { leaf: start, before: end };
}

function hinted(hints: SubtreeRoot, start: number, middle: number, end: number): [Uint8Array, Uint8Array] | undefined {
  try {
    return [rangeRoot(hints, start, middle), rangeRoot(hints, middle, end)];
  } catch (error) {
    // Hints that end too early, or cannot be read, are no hints.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
