import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  GrowingTree,
  TILE_BYTES,
  TiledTree,
  type Tile,
  type TileSource,
  verifyConsistency,
  verifyInclusion,
} from '../../src/tree/index.ts';
import { merkleTreeHash, someLeaves } from './reference-tree.ts';

const leaves = someLeaves(66_100, 7);

function store(): { keep(tiles: readonly Tile[]): void; read: TileSource; count(): number } {
  const tiles = new Map<string, Uint8Array>();
  return {
    keep: (changed) => changed.forEach(({ level, index, hashes }) => tiles.set(`${level}/${index}`, hashes)),
    read: (level, index) => tiles.get(`${level}/${index}`),
    count: () => tiles.size,
  };
}

function grown(size: number): TileSource {
  const kept = store();
  const tree = new GrowingTree(0, kept.read);
  for (const leaf of leaves.slice(0, size)) tree.append(leaf);
  kept.keep(tree.takeChanged());
  return kept.read;
}

describe('a growing tree', () => {
  it('has the specified root whatever the batches are, and however often it is opened again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), (batches) => {
        const kept = store();
        let size = 0;
        for (const batch of batches) {
          const tree = new GrowingTree(size, kept.read);
          for (const leaf of leaves.slice(size, size + batch)) tree.append(leaf);
          size += batch;
          expect(tree.root()).toEqual(merkleTreeHash(leaves.slice(0, size)));
          kept.keep(tree.takeChanged());
          expect(tree.takeChanged()).toEqual([]);
        }
        expect(new TiledTree(kept.read).root(size)).toEqual(merkleTreeHash(leaves.slice(0, size)));
      }),
      { numRuns: 40 },
    );
  });

  it('goes on from its size when the stored tiles are ahead of it', () => {
    const source = grown(700);
    const tree = new GrowingTree(600, source);
    for (const leaf of leaves.slice(600, 800)) tree.append(leaf);
    expect(tree.root()).toEqual(merkleTreeHash(leaves.slice(0, 800)));
  });

  it('refuses stored tiles that end before its size', () => {
    expect(() => new GrowingTree(701, grown(700))).toThrow(RangeError);
    expect(() => new GrowingTree(300, () => undefined)).toThrow(RangeError);
  });

  it('spans three levels of tiles', () => {
    const source = grown(leaves.length);
    expect(source(0, 0)?.length).toBe(TILE_BYTES);
    expect(source(1, 1)?.length).toBe(2 * 32);
    expect(source(2, 0)?.length).toBe(32);
    const tree = new TiledTree(source);
    const root = tree.root(leaves.length);
    expect(root).toEqual(merkleTreeHash(leaves));
    for (const leaf of [0, 255, 256, 65_535, 65_536, 66_099]) {
      const claim = { leaf, size: leaves.length, leafHash: leaves[leaf]!, root };
      expect(verifyInclusion(claim, tree.inclusion(leaf, leaves.length))).toBe(true);
    }
    for (const from of [1, 255, 256, 257, 65_536, 65_537]) {
      const claim = { from, to: leaves.length, fromRoot: merkleTreeHash(leaves.slice(0, from)), toRoot: root };
      expect(verifyConsistency(claim, tree.consistency(from, leaves.length))).toBe(true);
    }
  });

  it('says so when asked for more than it holds', () => {
    expect(() => new TiledTree(grown(10)).root(11)).toThrow(RangeError);
    expect(() => new TiledTree(grown(10)).inclusion(0, 12)).toThrow(RangeError);
  });
});
