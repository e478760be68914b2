import type { Position } from '@anamnesis/kernel';
import type { ChunkReport } from './chunk.ts';
import type { StreamKeySeed } from './stream-key.ts';

/** What a scanning thread is started with. */
export interface ScanThreadData {
  readonly folder: string;
  readonly seed: StreamKeySeed;
}

/** To the thread: scan a chunk, or run the database's own check, or end. */
export type ScanTask =
  | { readonly kind: 'scan'; readonly first: Position; readonly count: number }
  | { readonly kind: 'integrity' }
  | { readonly kind: 'end' };

/** From the thread, one for each task but the last. */
export type ScanAnswer =
  | { readonly kind: 'scanned'; readonly report: ChunkReport }
  | { readonly kind: 'integrity'; readonly sound: boolean }
  /** The database could not be read. */
  | { readonly kind: 'unreadable'; readonly first: Position | undefined };
