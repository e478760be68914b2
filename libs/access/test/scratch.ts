import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivedId } from '@anamnesis/kernel';

/** Stable ids for tests: the same name is the same id. */
export const uuidOf = (name: string): string => derivedId(name, 'test');

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'anamnesis-access-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
