import { decodeBase64 } from './base64.ts';
import { isKeyName, type NoteSigner, type NoteVerifier } from './note-key.ts';

/**
 * Signed notes (https://c2sp.org/signed-note): a text that ends in a newline, an empty line, and signature lines
 * `— <key name> <base64 of key id and signature>`.
 */
export const MAX_NOTE_BYTES = 64 * 1024;
const MAX_SIGNATURES = 100;
const SIGNATURE_LINE = /^\u2014 ([^ ]+) ([^ ]+)$/u;
// Lines of visible text: no control character but the newline itself.

const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

export type OpenedNote =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: 'malformed' | 'unknown-key' | 'bad-signature' };

/** The note with the signer's signature. Throws `RangeError` for a text that no note can have. */
export function signNote(text: string, signer: NoteSigner): string {
  if (!isNoteText(text)) throw new RangeError('A note is visible text and ends in a newline.');
  const id = Buffer.alloc(4);
  id.writeUInt32BE(signer.verifier.id);
  const signature = Buffer.concat([id, signer.sign(Buffer.from(text))]).toString('base64');
  return `${text}\n\u2014 ${signer.verifier.name} ${signature}\n`;
}

/**
 * The text, if the verifier's key signed it. Signatures of other keys are ignored (witnesses may add theirs); a bad one
 * of this key condemns the note, even beside a good one.
 */
export function openNote(note: string, verifier: NoteVerifier): OpenedNote {
  if (Buffer.byteLength(note) > MAX_NOTE_BYTES || !note.isWellFormed()) return { ok: false, reason: 'malformed' };
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return { ok: false, reason: 'malformed' };
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split('\n');
  if (!isNoteText(text) || CONTROL.test(note) || lines.length > MAX_SIGNATURES)
    return { ok: false, reason: 'malformed' };

  let signed = false;
  for (const line of lines) {
    const signature = parseSignature(line);
    if (!signature) return { ok: false, reason: 'malformed' };
    if (signature.name !== verifier.name || signature.id !== verifier.id) continue;
    if (!verifier.verify(Buffer.from(text), signature.bytes)) return { ok: false, reason: 'bad-signature' };
    signed = true;
  }
  return signed ? { ok: true, text } : { ok: false, reason: 'unknown-key' };
}

const isNoteText = (text: string): boolean => text.length > 1 && text.endsWith('\n') && !CONTROL.test(text);

function parseSignature(line: string): { name: string; id: number; bytes: Uint8Array } | undefined {
  const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = base64 === undefined ? undefined : decodeBase64(base64);
  if (name === undefined || !isKeyName(name) || !bytes || bytes.length < 5) return undefined;
  return { name, id: bytes.readUInt32BE(0), bytes: bytes.subarray(4) };
}
