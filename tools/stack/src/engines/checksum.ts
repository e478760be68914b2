import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from './engine-error.ts';

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Refuses a file that is not what was pinned. */
export async function checkFile(path: string, pinned: string): Promise<void> {
  const found = await sha256Of(path);
  if (found === pinned) return;
  throw new EngineError(`${path} is not what was pinned: its sha256 is ${found}, not ${pinned}`);
}

/** Refuses a folder that lacks a pinned file, has another one, or has one with other bytes. */
export async function checkFolder(folder: string, pinned: Readonly<Record<string, string>>): Promise<void> {
  const names = await readdir(folder);
  const missing = Object.keys(pinned).filter((name) => !names.includes(name));
  const strange = names.filter((name) => !(name in pinned));
  if (missing.length + strange.length > 0) {
    const says = [...missing.map((name) => `${name} is missing`), ...strange.map((name) => `${name} is not pinned`)];
    throw new EngineError(`${folder} is not what was pinned: ${says.join(', ')}`);
  }
  for (const [name, sum] of Object.entries(pinned)) await checkFile(join(folder, name), sum);
}
