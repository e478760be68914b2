import { createHash } from 'node:crypto';

/**
 * A UUID (RFC 9562 version 8) out of content: the same content has the same key in every run, so that a record that has
 * taken it already takes it again without effect.
 */
export function contentKey(...content: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256').update('anamnesis-import');
  for (const part of content) hash.update('\0').update(part);
  const hex = hash.digest('hex');
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Numbers equal contents, so that a line that stands twice in a file is two things, in every run the same two. */
export class Occurrences {
  readonly #seen = new Map<string, number>();

  next(key: string): number {
    const number = this.#seen.get(key) ?? 0;
    this.#seen.set(key, number + 1);
    return number;
  }
}
