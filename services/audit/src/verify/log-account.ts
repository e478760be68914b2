import type { Position } from '@anamnesis/kernel';
import { foldTile, HASH_BYTES, rangeRoot, type SubtreeRoot, TILE_HEIGHT, TILE_WIDTH } from '../tree/index.ts';
import type { ChunkReport } from './chunk.ts';
import { finding, type Finding, type FindingCode, MAX_FINDINGS } from './findings.ts';
import type { Stamp } from './log-source.ts';
import { streamKey, type StreamKeySeed } from './stream-key.ts';
import { StreamTable } from './stream-table.ts';

/** Gives the leaf hashes of the tile that begins at this leaf again, as many as the log has. */
export type LeafHashes = (firstLeaf: number) => Uint8Array;

/**
 * What is known of a log after all its chunks were taken in order: the roots of all its subtrees, at 32 bytes for 256
 * events, and whether its streams and commit times are in order.
 */
export class LogAccount {
  readonly findings: Finding[] = [];
  readonly #seed: StreamKeySeed;
  readonly #streams: StreamTable;
  readonly #stamps: Iterator<Stamp> | undefined;
  #tiles: Buffer = Buffer.alloc(64 * 1024);
  #whole = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #events = 0;
  #clock = -1;
  #clockEnd: Position = 0;
  #stampsAgree = true;

  /** `stamps`: the log's own index of commit times in ascending order, to be compared. */
  constructor(seed: StreamKeySeed, stamps?: Iterable<Stamp>, gaps = false) {
    this.#streams = new StreamTable({ gaps });
    this.#seed = seed;
    this.#stamps = stamps?.[Symbol.iterator]();
  }

  get events(): number {
    return this.#events;
  }

  take(report: ChunkReport): void {
    for (const { code, position } of report.faults) this.report(code, position);
    this.#keepTiles(report.tiles);
    this.#rest = report.rest;
    for (let at = 0; at < report.count; at += 1) this.#order(report, at);
    this.#events += report.count;
  }

  /** After the last chunk: what can only be said of the whole. */
  end(streams?: Iterable<{ readonly name: string; readonly id: number }>): void {
    this.#endStamps();
    if (!streams) return;
    let count = 0;
    const key = new Uint32Array(2);
    for (const { name, id } of streams) {
      const bytes = Buffer.from(name, 'latin1');
      streamKey(bytes, 0, bytes.length, this.#seed, key, 0);
      count += 1;
      if (this.#streams.idOf(key[0] as number, key[1] as number) !== id) this.report('stream-index');
    }
    if (count !== this.#streams.count) this.report('stream-index');
  }

  /** The root over the first `size` events; `leaves` is asked for at most one tile. */
  root(size: number, leaves: LeafHashes): Uint8Array {
    return rangeRoot(this.subtrees(leaves), 0, size);
  }

  subtrees(leaves: LeafHashes): SubtreeRoot {
    const tile = remembered(leaves);
    return (level, index) => {
      if (level >= TILE_HEIGHT) {
        const width = 2 ** (level - TILE_HEIGHT) * HASH_BYTES;
        return foldTile(this.#tiles.subarray(index * width, (index + 1) * width));
      }
      const width = 2 ** level;
      const start = index * width;
      const begin = Math.floor(start / TILE_WIDTH) * TILE_WIDTH;
      const hashes = begin === this.#whole * TILE_WIDTH ? this.#rest : tile(begin);
      return foldTile(hashes.subarray((start - begin) * HASH_BYTES, (start - begin + width) * HASH_BYTES));
    };
  }

  report(code: FindingCode, position?: Position, upTo?: Position): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push(finding(code, position, upTo));
  }

  #order({ first, streams, revisions, streamIds, recorded }: ChunkReport, at: number): void {
    const revision = revisions[at] as number;
    if (revision < 0) return; // missing or unreadable, and reported as such
    const [low, high] = [streams[2 * at] as number, streams[2 * at + 1] as number];
    const judged = this.#streams.advance(low, high, revision, streamIds[at] as number);
    if (judged !== 'ok') this.report(judged === 'order' ? 'stream-order' : 'stream-index', first + at);
    const time = recorded[at] as number;
    if (time > this.#clock) {
      this.#compareStamp();
      this.#clock = time;
    }
    this.#clockEnd = first + at;
  }

  /** The running maximum is about to rise: the index must say where it stood until now. */
  #compareStamp(): void {
    if (!this.#stamps || this.#clock < 0 || !this.#stampsAgree) return;
    const next = this.#stamps.next();
    if (next.done !== true && next.value.at === this.#clock && next.value.position === this.#clockEnd) return;
    this.#stampsAgree = false;
    this.report('commit-times');
  }

  #endStamps(): void {
    this.#compareStamp();
    if (this.#stamps && this.#stampsAgree && this.#stamps.next().done !== true) this.report('commit-times');
  }

  #keepTiles(tiles: Uint8Array): void {
    const used = this.#whole * HASH_BYTES;
    if (used + tiles.length > this.#tiles.length) {
      const larger = Buffer.alloc(2 * (used + tiles.length));
      larger.set(this.#tiles.subarray(0, used));
      this.#tiles = larger;
    }
    this.#tiles.set(tiles, used);
    this.#whole += tiles.length / HASH_BYTES;
  }
}

/** Neighbouring subtrees lie in one tile, so the last one is kept. */
function remembered(leaves: LeafHashes): LeafHashes {
  let held: { firstLeaf: number; hashes: Uint8Array } | undefined;
  return (firstLeaf) => {
    if (held?.firstLeaf !== firstLeaf) held = { firstLeaf, hashes: leaves(firstLeaf) };
    return held.hashes;
  };
}
