import type { Position } from '@anamnesis/kernel';
import { foldTile, HASH_BYTES, leafHash, TILE_WIDTH } from '../tree/index.ts';
import type { FindingCode } from './findings.ts';
import { recordedAt, revision, STREAM_START, streamEnd } from './stored-header.ts';
import { streamKey, type StreamKeySeed } from './stream-key.ts';

/** Events a chunk; a multiple of a tile's width, so that every chunk but the last is whole subtrees. */
export const CHUNK_EVENTS = 16 * TILE_WIDTH;

/** An event as its source keeps it. `streamId` and `revision` are its index's, where it has one. */
export interface ScannedRow {
  readonly position: Position;
  readonly bytes: Uint8Array;
  readonly streamId?: number;
  readonly revision?: number;
}

/** What one pass over the events at positions `first` to `first + count - 1` found; typed arrays, to be handed over. */
export interface ChunkReport {
  readonly first: Position;
  readonly count: number;
  /** The roots of the chunk's whole tiles (256 leaves each), one after the other. */
  readonly tiles: Uint8Array;
  /** The leaves after the last whole tile. */
  readonly rest: Uint8Array;
  /** Two numbers a stream's name. */
  readonly streams: Uint32Array;
  readonly revisions: Float64Array;
  readonly streamIds: Float64Array;
  readonly recorded: Float64Array;
  readonly faults: readonly ChunkFault[];
}

export interface ChunkFault {
  readonly code: FindingCode;
  readonly position: Position;
}

const MAX_FAULTS = 100;

/**
 * Hashes and reads the rows of one chunk. Positions count up by one, so a row at another place than the next one
 * means that an event is missing; the rows are still hashed, at the places they have.
 */
export function scanChunk(
  first: Position,
  count: number,
  rows: Iterable<ScannedRow>,
  seed: StreamKeySeed,
): ChunkReport {
  const hashes = Buffer.alloc(count * HASH_BYTES);
  const streams = new Uint32Array(2 * count);
  const revisions = new Float64Array(count).fill(-1);
  const streamIds = new Float64Array(count);
  const recorded = new Float64Array(count);
  const faults: ChunkFault[] = [];
  const fault = (code: FindingCode, position: Position): void => {
    if (faults.length < MAX_FAULTS) faults.push({ code, position });
  };

  let next = first;
  for (const row of rows) {
    if (row.position !== next) fault('event-missing', next);
    next = row.position + 1;
    const at = row.position - first;
    const bytes = Buffer.from(row.bytes.buffer, row.bytes.byteOffset, row.bytes.byteLength);
    hashes.set(leafHash(bytes), at * HASH_BYTES);
    const nameEnd = streamEnd(bytes);
    if (nameEnd < 0) {
      fault('event-unreadable', row.position);
      continue;
    }
    streamKey(bytes, STREAM_START, nameEnd, seed, streams, 2 * at);
    const own = revision(bytes);
    revisions[at] = own;
    streamIds[at] = row.streamId ?? 0;
    recorded[at] = recordedAt(bytes);
    if (row.revision !== undefined && row.revision !== own) fault('stream-index', row.position);
  }
  if (next !== first + count) fault('event-missing', next);

  const whole = Math.floor(count / TILE_WIDTH);
  const tiles = Buffer.alloc(whole * HASH_BYTES);
  const tileBytes = TILE_WIDTH * HASH_BYTES;
  for (let tile = 0; tile < whole; tile += 1) {
    tiles.set(foldTile(hashes.subarray(tile * tileBytes, (tile + 1) * tileBytes)), tile * HASH_BYTES);
  }
  const rest = Uint8Array.prototype.slice.call(hashes, whole * tileBytes);
  return { first, count, tiles: new Uint8Array(tiles), rest, streams, revisions, streamIds, recorded, faults };
}
