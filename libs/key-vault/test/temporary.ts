import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

const leftovers: (() => Promise<unknown>)[] = [];

/** Runs at the end of the test, newest first. */
export function afterwards(clean: () => Promise<unknown>): void {
  leftovers.push(clean);
}

afterEach(async () => {
  for (let clean = leftovers.pop(); clean; clean = leftovers.pop()) await clean();
});

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anamnesis-vault-'));
  afterwards(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The bytes of every file in the folder. */
export async function allBytes(folder: string): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))));
}
