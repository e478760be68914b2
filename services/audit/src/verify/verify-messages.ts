import type { Position } from '@anamnesis/kernel';
import type { ChunkReport } from './chunk.ts';
import type { StreamKeySeed } from './stream-key.ts';

/** What a scanning thread is started with. */
export interface ScanThreadData {
  readonly folder: string;
  readonly seed: StreamKeySeed;
}

/** Scan a chunk, or run the database's own check. */
export type ScanTask =
  { readonly kind: 'scan'; readonly first: Position; readonly count: number } | { readonly kind: 'integrity' };

/** One for each task. */
export type ScanAnswer =
  | { readonly kind: 'scanned'; readonly report: ChunkReport }
  | { readonly kind: 'integrity'; readonly sound: boolean }
  /** The database could not be read. */
  | { readonly kind: 'unreadable' };

/** Ends the thread. */
export const END = 'end';
