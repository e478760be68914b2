import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Position } from '@anamnesis/kernel';
import {
  type Checkpoint,
  CHECKPOINTS_FILE,
  openCheckpoint,
  type NoteVerifier,
  storedCheckpoints,
} from '../checkpoint/index.ts';
import { DATABASE_FILE, openForReading, readProgress, tileSource } from '../index-db/index.ts';
import { HASH_BYTES, leafHash, TILE_WIDTH, TiledTree } from '../tree/index.ts';
import type { ChunkReport } from './chunk.ts';
import { finding, type VerifyResult } from './findings.ts';
import { LogAccount } from './log-account.ts';
import { LogSource } from './log-source.ts';
import { scanFolder } from './scan-folder.ts';
import type { StreamKeySeed } from './stream-key.ts';
import { type Comparison, type Evidence, judge, openEvidence } from './verdict.ts';

export interface VerifyFolderOptions extends Evidence {
  /** The data folder; never written to. */
  readonly folder: string;
  readonly progress?: (done: number, total: number) => void;
  /** How many threads to use; by default as many as the log is worth, 0 for a small one. */
  readonly threads?: number;
}

export function freshSeed(): StreamKeySeed {
  const random = randomBytes(8);
  return { low: random.readUInt32BE(0), high: random.readUInt32BE(4) };
}

/**
 * Verifies the log of a data folder, offline and read-only, beside a running owner as well: then up to the position
 * at which it started. What is wrong with folder, checkpoint or key is a finding, not an error.
 */
export async function verifyFolder({
  folder,
  progress,
  threads,
  ...texts
}: VerifyFolderOptions): Promise<VerifyResult> {
  const evidence = openEvidence(texts);
  const seed = freshSeed();
  let source: LogSource;
  let head: Position;
  try {
    source = new LogSource(folder);
    head = source.head();
  } catch {
    return { ...nothing(), findings: [...evidence.findings, finding('store-unreadable')] };
  }
  const own = openOwnTree(folder);
  try {
    const account = new LogAccount(
      seed,
      tolerant(() => source.stamps()),
    );
    const take = (report: ChunkReport): void => {
      account.take(report);
      progress?.(account.events, head);
    };
    const sound = await scanFolder(folder, head, seed, take, threads);
    if (!sound) account.report('store-damaged');
    checkIndexes(source, account);
    const comparison: Comparison = {
      account,
      leaves: (firstLeaf) => hashAgain(source, firstLeaf),
      evidence,
      earlier: evidence.verifier ? signedHeads(folder, evidence.verifier) : [],
      ...(own ? { hints: own.hints } : {}),
    };
    return judge(comparison);
  } finally {
    own?.close();
    source.close();
  }
}

const nothing = (): VerifyResult => ({ status: 'failed', events: 0, root: new Uint8Array(HASH_BYTES), findings: [] });

/** A damaged page in an index ends its rows early; then they do not agree, which is what is reported. */
function* tolerant<T>(rows: () => Iterable<T>): Generator<T> {
  try {
    yield* rows();
  } catch {
    return;
  }
}

function checkIndexes(source: LogSource, account: LogAccount): void {
  account.end(tolerant(() => source.streams()));
  try {
    if (source.hasHiddenRows()) account.report('stream-index');
  } catch {
    account.report('store-damaged');
  }
}

function hashAgain(source: LogSource, firstLeaf: number): Uint8Array {
  const hashes = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  for (const { position, bytes } of tolerant(() => source.rows(firstLeaf + 1, TILE_WIDTH))) {
    hashes.set(leafHash(bytes), (position - 1 - firstLeaf) * HASH_BYTES);
  }
  return hashes;
}

/** The heads in the folder's own file that the officer's key signed. */
function signedHeads(folder: string, verifier: NoteVerifier): Checkpoint[] {
  let stored;
  try {
    stored = storedCheckpoints(join(folder, 'audit', CHECKPOINTS_FILE));
  } catch {
    return [];
  }
  return stored
    .map(({ note }) => openCheckpoint(note, verifier))
    .flatMap((opened) => (opened.ok ? [opened.checkpoint] : []))
    .sort((a, b) => a.size - b.size);
}

function openOwnTree(folder: string): { hints: NonNullable<Comparison['hints']>; close(): void } | undefined {
  const database = openForReading(join(folder, 'audit', DATABASE_FILE));
  if (!database) return undefined;
  try {
    const tree = new TiledTree(rangeErrors(tileSource(database)));
    const { size } = readProgress(database);
    return { hints: { size, subtrees: tree.subtree }, close: () => database.close() };
  } catch {
    database.close();
    return undefined;
  }
}

/** A tile that cannot be read is one that is not there. */
function rangeErrors(source: ReturnType<typeof tileSource>): ReturnType<typeof tileSource> {
  return (level, index) => {
    try {
      return source(level, index);
    } catch {
      return undefined;
    }
  };
}
