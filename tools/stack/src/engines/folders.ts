import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder to work in: the one that was asked for, which stays, or a new one, which `remove` takes away. */
export async function workFolder(
  name: string,
  asked: string | undefined,
): Promise<{ readonly folder: string; remove(): Promise<void> }> {
  if (asked !== undefined) {
    await mkdir(asked, { recursive: true, mode: 0o700 });
    return { folder: asked, remove: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), `anamnesis-${name}-`));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}
