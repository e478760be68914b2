import type { Position } from '@anamnesis/kernel';

/** The exact stored bytes after `from` (exclusive), at most `limit` of them, in order; an embedded event reader is one. */
export interface RawLog {
  readRawSync(from: Position, limit: number): { readonly position: Position; readonly bytes: Uint8Array }[];
}
