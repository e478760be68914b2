import { TILE_WIDTH, HASH_BYTES, leafHash } from '../tree/index.ts';
import { CHUNK_EVENTS, scanChunk, type ScannedRow } from './chunk.ts';
import { type VerifyResult } from './findings.ts';
import { LogAccount } from './log-account.ts';
import { hasGaps, LogFileError, readLog } from './log-file.ts';
import { type Evidence, judge, openEvidence } from './verdict.ts';
import { freshSeed } from './verify-folder.ts';

export interface VerifyLogOptions extends Evidence {
  /** An exported log, compressed or not. */
  readonly file: string;
  readonly progress?: (done: number) => void;
}

/**
 * Verifies an exported log. It carries no tree, so where it differs from the checkpoint only the range is known.
 * Rejects when the file cannot be read at all (`ENOENT` and its like); damage is a finding.
 */
export async function verifyLogFile({ file, progress, ...texts }: VerifyLogOptions): Promise<VerifyResult> {
  const evidence = openEvidence(texts);
  const seed = freshSeed();
  const account = new LogAccount(seed, undefined, await hasGaps(file));
  const tile = new CheckpointTile(evidence.checkpoint?.size ?? 0);
  const rows: ScannedRow[] = [];
  let next = 1;
  const scan = (count: number): void => {
    account.take(scanChunk(next, count, rows.splice(0, count), seed));
    next += count;
    progress?.(account.events);
  };
  try {
    for await (const batch of readLog(file)) {
      for (const row of batch) {
        const expected = next + rows.length;
        // Positions are checked here, so that a chunk is never asked to hold a row from elsewhere.
        if (row.position !== expected) account.report('event-missing', expected);
        rows.push({ position: expected, bytes: row.bytes });
        tile.take(expected, row.bytes);
      }
      while (rows.length >= CHUNK_EVENTS) scan(CHUNK_EVENTS);
    }
  } catch (error) {
    if (!(error instanceof LogFileError)) throw error;
    account.report('log-malformed', next + rows.length);
  }
  if (rows.length > 0) scan(rows.length);
  account.end();
  return judge({ account, leaves: () => tile.hashes, evidence });
}

/** The leaf hashes of the one tile that the checkpoint's size falls into: the file is read once. */
class CheckpointTile {
  readonly hashes = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  readonly #begin: number;

  constructor(size: number) {
    this.#begin = Math.floor(size / TILE_WIDTH) * TILE_WIDTH;
  }

  take(position: number, bytes: Uint8Array): void {
    const at = position - 1 - this.#begin;
    if (at >= 0 && at < TILE_WIDTH) this.hashes.set(leafHash(bytes), at * HASH_BYTES);
  }
}
