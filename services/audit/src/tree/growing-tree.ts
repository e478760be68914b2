import { HASH_BYTES } from './hashing.ts';
import { foldTile, TILE_BYTES, TILE_WIDTH, type TileSource, TiledTree } from './tiled-tree.ts';

/** The rightmost tile of one tile level: the only one of its level that still grows. */
interface GrowingTile {
  index: number;
  readonly hashes: Buffer;
  count: number;
  dirty: boolean;
}

export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
}

/**
 * A tree that leaves are appended to. It holds one growing tile a level, 8 KiB each; appending costs a copy of 32
 * bytes and, once in 256 leaves, the folding of a tile. `takeChanged` hands out what has to be stored.
 */
export class GrowingTree {
  readonly #levels: GrowingTile[] = [];
  readonly #completed: Tile[] = [];
  readonly #view: TiledTree;
  #size: number;

  /** Goes on from what is stored. Throws `RangeError` when the stored tiles hold fewer than `size` leaves. */
  constructor(size: number, stored: TileSource) {
    this.#size = size;
    for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
      const tile = emptyTile(Math.floor(hashes / TILE_WIDTH));
      tile.count = hashes % TILE_WIDTH;
      if (tile.count > 0) {
        const kept = stored(level, tile.index);
        // More than `count` hashes is no harm: the tile was stored, and the size is what says how far it counts.
        if (!kept || kept.length < tile.count * HASH_BYTES) throw new RangeError('The stored tiles end too early.');
        tile.hashes.set(kept.subarray(0, tile.count * HASH_BYTES));
      }
      this.#levels.push(tile);
    }
    this.#view = new TiledTree((level, index) => this.#unstored(level, index) ?? stored(level, index));
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    this.#size += 1;
    this.#push(0, leaf);
  }

  root(size: number = this.#size): Uint8Array {
    return this.#view.root(size);
  }

  leaf(index: number): Uint8Array {
    return this.#view.leaf(index);
  }

  /** The tiles that are new or longer since the last call, in an order in which they can be stored. */
  takeChanged(): Tile[] {
    const changed = this.#completed.splice(0);
    this.#levels.forEach((tile, level) => {
      if (!tile.dirty) return;
      tile.dirty = false;
      if (tile.count > 0) changed.push({ level, index: tile.index, hashes: Buffer.from(held(tile)) });
    });
    return changed;
  }

  #push(level: number, hash: Uint8Array): void {
    const tile = (this.#levels[level] ??= emptyTile(0));
    tile.hashes.set(hash, tile.count * HASH_BYTES);
    tile.count += 1;
    tile.dirty = true;
    if (tile.count < TILE_WIDTH) return;
    const hashes = Buffer.from(tile.hashes);
    this.#completed.push({ level, index: tile.index, hashes });
    tile.index += 1;
    tile.count = 0;
    tile.dirty = false;
    this.#push(level + 1, foldTile(hashes));
  }

  #unstored(level: number, index: number): Uint8Array | undefined {
    const growing = this.#levels[level];
    if (growing?.index === index) return held(growing);
    return this.#completed.find((tile) => tile.level === level && tile.index === index)?.hashes;
  }
}

const emptyTile = (index: number): GrowingTile => ({ index, hashes: Buffer.alloc(TILE_BYTES), count: 0, dirty: false });
const held = (tile: GrowingTile): Uint8Array => tile.hashes.subarray(0, tile.count * HASH_BYTES);
