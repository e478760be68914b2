import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  appendLeaf,
  appendSubtree,
  consistencyProof,
  EMPTY_FRONTIER,
  EMPTY_ROOT,
  inclusionProof,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../src/tree/index.ts';
import { merkleTreeHash, someLeaves, subtreesOf } from './reference-tree.ts';

const MAX = 70;
const leaves = someLeaves(MAX, 1);
const others = someLeaves(MAX, 2);
const roots = Array.from({ length: MAX + 1 }, (_, size) => merkleTreeHash(leaves.slice(0, size)));
const otherRoots = Array.from({ length: MAX + 1 }, (_, size) => merkleTreeHash(others.slice(0, size)));
const subtree = subtreesOf(leaves);
const root = (size: number): Uint8Array => roots[size]!;

const sizes = fc.integer({ min: 1, max: MAX });
const leafOfTree = sizes.chain((size) => fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)));
const twoSizes = fc.tuple(sizes, sizes).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

/** Every way a proof can lie: a hash changed, dropped, added, doubled, or two swapped. */
const lie = fc.record({
  kind: fc.constantFrom('flip', 'drop', 'add', 'double', 'swap', 'shorten', 'lengthen'),
  at: fc.nat(),
  bit: fc.integer({ min: 0, max: 255 }),
});

function flipped(hash: Uint8Array, bit: number): Uint8Array {
  const copy = Buffer.from(hash);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

function told(
  proof: readonly Uint8Array[],
  { kind, at, bit }: { kind: string; at: number; bit: number },
): Uint8Array[] {
  const lied = [...proof];
  const index = proof.length === 0 ? 0 : at % proof.length;
  if (kind === 'add' || proof.length === 0) lied.splice(index, 0, others[at % MAX]!);
  else if (kind === 'flip') lied[index] = flipped(proof[index]!, bit);
  else if (kind === 'drop') lied.splice(index, 1);
  else if (kind === 'double') lied.splice(index, 0, proof[index]!);
  else if (kind === 'shorten') lied[index] = proof[index]!.subarray(0, 31);
  else if (kind === 'lengthen') lied[index] = Buffer.concat([proof[index]!, Buffer.from([0])]);
  else [lied[index], lied[(index + 1) % proof.length]] = [proof[(index + 1) % proof.length]!, proof[index]!];
  return lied;
}

const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((hash, index) => Buffer.compare(hash, b[index]!) === 0);

describe('a frontier', () => {
  it('has the root that the specification defines, at every size', () => {
    let tree = EMPTY_FRONTIER;
    for (let size = 1; size <= MAX; size += 1) {
      tree = appendLeaf(tree, leaves[size - 1]!);
      expect(rootOf(tree)).toEqual(root(size));
    }
  });

  it('takes whole subtrees where they begin at a multiple of their size', () => {
    let tree = appendSubtree(EMPTY_FRONTIER, subtree(5, 0), 5);
    tree = appendSubtree(tree, subtree(3, 4), 3);
    tree = appendLeaf(tree, leaves[40]!);
    expect(tree.size).toBe(41);
    expect(rootOf(tree)).toEqual(root(41));
    expect(() => appendSubtree(tree, subtree(1, 0), 1)).toThrow(RangeError);
  });
});

describe('an inclusion proof', () => {
  it('verifies for every leaf of every tree', () => {
    for (let size = 1; size <= MAX; size += 1) {
      for (let leaf = 0; leaf < size; leaf += 1) {
        const proof = inclusionProof(subtree, leaf, size);
        expect(verifyInclusion({ leaf, size, leafHash: leaves[leaf]!, root: root(size) }, proof)).toBe(true);
      }
    }
  });

  it('fails when the prover lies about the path', () => {
    fc.assert(
      fc.property(leafOfTree, lie, ([leaf, size], how) => {
        const proof = inclusionProof(subtree, leaf, size);
        const lied = told(proof, how);
        fc.pre(!same(proof, lied));
        expect(verifyInclusion({ leaf, size, leafHash: leaves[leaf]!, root: root(size) }, lied)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('fails for another leaf, another place, another root', () => {
    fc.assert(
      fc.property(leafOfTree, fc.nat(MAX), fc.integer({ min: 0, max: 255 }), ([leaf, size], other, bit) => {
        const proof = inclusionProof(subtree, leaf, size);
        const claim = { leaf, size, leafHash: leaves[leaf]!, root: root(size) };
        expect(verifyInclusion({ ...claim, leafHash: flipped(claim.leafHash, bit) }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, leafHash: others[leaf]! }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, root: flipped(claim.root, bit) }, proof)).toBe(false);
        expect(verifyInclusion({ ...claim, root: otherRoots[size]! }, proof)).toBe(false);
        if (other !== leaf) expect(verifyInclusion({ ...claim, leaf: other }, proof)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('fails when it comes from a tree of another size', () => {
    fc.assert(
      fc.property(leafOfTree, sizes, ([leaf, size], otherSize) => {
        fc.pre(otherSize !== size && leaf < otherSize);
        const proof = inclusionProof(subtree, leaf, otherSize);
        expect(verifyInclusion({ leaf, size, leafHash: leaves[leaf]!, root: root(size) }, proof)).toBe(false);
      }),
    );
  });

  it('refuses places and sizes that no tree has', () => {
    const claim = { leaf: 0, size: 1, leafHash: leaves[0]!, root: root(1) };
    for (const [leaf, size] of [
      [-1, 1],
      [1, 1],
      [0, 0],
      [0.5, 1],
      [Number.NaN, 1],
      [0, Number.MAX_VALUE],
    ] as const) {
      expect(verifyInclusion({ ...claim, leaf, size }, [])).toBe(false);
    }
    expect(() => inclusionProof(subtree, 3, 3)).toThrow(RangeError);
    expect(() => inclusionProof(subtree, Number.NaN, 3)).toThrow(RangeError);
  });
});

describe('a consistency proof', () => {
  it('verifies for every pair of sizes', () => {
    for (let to = 0; to <= MAX; to += 1) {
      for (let from = 0; from <= to; from += 1) {
        const proof = consistencyProof(subtree, from, to);
        expect(verifyConsistency({ from, to, fromRoot: root(from), toRoot: root(to) }, proof)).toBe(true);
      }
    }
  });

  it('fails when the prover lies about the path', () => {
    fc.assert(
      fc.property(twoSizes, lie, ([from, to], how) => {
        const proof = consistencyProof(subtree, from, to);
        const lied = told(proof, how);
        fc.pre(!same(proof, lied));
        expect(verifyConsistency({ from, to, fromRoot: root(from), toRoot: root(to) }, lied)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('fails when the older tree was another one, whatever the prover computes', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ([from, to], at) => {
        const rewritten = leaves.map((leaf, index) => (index === at % from ? others[index]! : leaf));
        const fromRoot = merkleTreeHash(rewritten.slice(0, from));
        for (const prover of [leaves, rewritten]) {
          const proof = consistencyProof(subtreesOf(prover), from, to);
          expect(verifyConsistency({ from, to, fromRoot, toRoot: root(to) }, proof)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('fails for other checkpoints than it was made for', () => {
    fc.assert(
      fc.property(twoSizes, twoSizes, ([from, to], [otherFrom, otherTo]) => {
        const proof = consistencyProof(subtree, otherFrom, otherTo);
        fc.pre(!same(proof, consistencyProof(subtree, from, to)));
        expect(verifyConsistency({ from, to, fromRoot: root(from), toRoot: root(to) }, proof)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes the empty tree as the prefix of every tree, and no other root of size 0', () => {
    expect(verifyConsistency({ from: 0, to: 5, fromRoot: EMPTY_ROOT, toRoot: root(5) }, [])).toBe(true);
    expect(verifyConsistency({ from: 0, to: 5, fromRoot: root(1), toRoot: root(5) }, [])).toBe(false);
    expect(verifyConsistency({ from: 0, to: 5, fromRoot: EMPTY_ROOT, toRoot: root(5) }, [root(5)])).toBe(false);
  });

  it('refuses sizes that no tree has', () => {
    for (const [from, to] of [
      [2, 1],
      [-1, 1],
      [0.5, 1],
      [1, Number.POSITIVE_INFINITY],
      [Number.NaN, 1],
    ] as const) {
      expect(verifyConsistency({ from, to, fromRoot: root(1), toRoot: root(1) }, [])).toBe(false);
      expect(() => consistencyProof(subtree, Math.max(from, 3), 2)).toThrow(RangeError);
    }
  });
});
