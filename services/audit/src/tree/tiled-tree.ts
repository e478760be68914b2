import { HASH_BYTES, nodeHash } from './hashing.ts';
import { consistencyProof, inclusionProof, type SubtreeRoot, treeRoot } from './proofs.ts';

/** A tile holds up to 256 hashes of one level: the tree has one tile level for every eight of its own (C2SP tlog-tiles). */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;
export const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

/** Hashes one after the other, as many as there are; undefined when the tile does not exist. */
export type TileSource = (tileLevel: number, index: number) => Uint8Array | undefined;

const CACHED_TILES = 64;

/**
 * The tree over tiles that are kept elsewhere. Only the leaves' hashes and every eighth level are kept; what lies
 * between is computed when it is asked for, at most 255 hashes a tile.
 */
export class TiledTree {
  readonly #source: TileSource;
  readonly #full = new Map<string, Uint8Array>();

  constructor(source: TileSource) {
    this.#source = source;
  }

  root(size: number): Uint8Array {
    return treeRoot(this.subtree, size);
  }

  inclusion(leaf: number, size: number): Uint8Array[] {
    return inclusionProof(this.subtree, leaf, size);
  }

  consistency(from: number, to: number): Uint8Array[] {
    return consistencyProof(this.subtree, from, to);
  }

  leaf(index: number): Uint8Array {
    return this.subtree(0, index);
  }

  readonly subtree: SubtreeRoot = (level: number, index: number): Uint8Array => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const width = 2 ** (level % TILE_HEIGHT);
    const first = index * width;
    const tile = this.#tile(tileLevel, Math.floor(first / TILE_WIDTH));
    const from = (first % TILE_WIDTH) * HASH_BYTES;
    const hashes = tile.subarray(from, from + width * HASH_BYTES);
    if (hashes.length !== width * HASH_BYTES) throw new RangeError('The tree is smaller than that.');
    // A copy, because a growing tile's buffer is used again.
    return width === 1 ? Buffer.from(hashes) : foldTile(hashes);
  };

  #tile(tileLevel: number, index: number): Uint8Array {
    const key = `${tileLevel}/${index}`;
    const cached = this.#full.get(key);
    if (cached) return cached;
    const tile = this.#source(tileLevel, index);
    if (!tile) throw new RangeError('The tree is smaller than that.');
    // A full tile never changes again; one that still grows is read anew.
    if (tile.length === TILE_BYTES) {
      if (this.#full.size >= CACHED_TILES) this.#full.delete(this.#full.keys().next().value as string);
      this.#full.set(key, tile);
    }
    return tile;
  }
}

/** The root over 2^n hashes that lie one after the other. */
export function foldTile(hashes: Uint8Array): Uint8Array {
  let level = hashes;
  while (level.length > HASH_BYTES) {
    const above = Buffer.allocUnsafe(level.length / 2);
    for (let at = 0; at < above.length; at += HASH_BYTES) {
      const left = at * 2;
      const middle = left + HASH_BYTES;
      above.set(nodeHash(level.subarray(left, middle), level.subarray(middle, middle + HASH_BYTES)), at);
    }
    level = above;
  }
  return level;
}
