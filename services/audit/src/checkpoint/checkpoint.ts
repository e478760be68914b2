import { HASH_BYTES } from '../tree/hashing.ts';
import { decodeBase64 } from './base64.ts';
import { openNote, signNote } from './note.ts';
import type { NoteSigner, NoteVerifier } from './note-key.ts';

/** A tree head: the root over the first `size` leaves of the log that `origin` names (https://c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export type OpenedCheckpoint =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown-key' | 'bad-signature' | 'wrong-origin' };

/** The checkpoint as a signed note; its origin is the key's name, as tlog-checkpoint recommends. */
export function signCheckpoint(head: { size: number; root: Uint8Array }, signer: NoteSigner): string {
  return signNote(`${signer.verifier.name}\n${head.size}\n${Buffer.from(head.root).toString('base64')}\n`, signer);
}

/** The checkpoint, if the verifier's key signed it for the log of its own name. */
export function openCheckpoint(note: string, verifier: NoteVerifier): OpenedCheckpoint {
  const opened = openNote(note, verifier);
  if (!opened.ok) return opened;
  const checkpoint = parseCheckpoint(opened.text);
  if (!checkpoint) return { ok: false, reason: 'malformed' };
  return checkpoint.origin === verifier.name ? { ok: true, checkpoint } : { ok: false, reason: 'wrong-origin' };
}

/** The text of a checkpoint; undefined when it is not exactly one. Extension lines may follow and must not be empty. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 3 || lines.includes('')) return undefined;
  const [origin, size, base64] = lines as [string, string, string];
  const root = decodeBase64(base64);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) return undefined;
  return root?.length === HASH_BYTES ? { origin, size: Number(size), root } : undefined;
}
