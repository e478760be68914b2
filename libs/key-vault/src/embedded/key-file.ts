import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { Fault } from '@anamnesis/kernel';
import { createFile, openToOthers, replaceFile } from '../durable-file.ts';

/** One version of the key-encryption key. */
export interface KeyVersion {
  readonly version: number;
  /** When it was made, ISO 8601. */
  readonly created: string;
  /** 32 bytes, base64. */
  readonly key: string;
}

/** What `keys/kek.json` holds; the last version wraps, the others only unwrap until a rotation is through. */
export interface KeyFile {
  readonly format: 1;
  readonly versions: readonly KeyVersion[];
}

const missing =
  'The key-encryption key file is missing, and the vault holds keys that were wrapped with it. Put it back.';
const unreadable = 'The key-encryption key file is damaged or of an unknown format. Put the right one back.';
const exposed = 'The key-encryption key file can be read or written by others. Set its mode to 0600.';

/** Reads the file with its checks. Throws `Fault` `vault-key-wrong`; undefined when there is none. */
export async function readKeyFile(path: string): Promise<KeyFile | undefined> {
  try {
    if (await openToOthers(path)) throw new Fault('vault-key-wrong', exposed);
    return parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The same without a pause, for a reader that meets a version made after it opened. */
export function rereadKeyFile(path: string): KeyFile {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missingKeyFile();
    throw error;
  }
}

/** False when somebody else made it first. */
export const createKeyFile = (path: string, content: KeyFile): Promise<boolean> => createFile(path, textOf(content));

export const replaceKeyFile = (path: string, content: KeyFile): Promise<void> => replaceFile(path, textOf(content));

export const missingKeyFile = (): Fault => new Fault('vault-key-wrong', missing);

function textOf(content: KeyFile): string {
  return `${JSON.stringify(content, null, 2)}\n`;
}

function parse(text: string): KeyFile {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // No cause: a parser's message quotes what it read.
    throw new Fault('vault-key-wrong', unreadable);
  }
  if (!isKeyFile(content)) throw new Fault('vault-key-wrong', unreadable);
  return content;
}

function isKeyFile(content: unknown): content is KeyFile {
  const { format, versions } = (content ?? {}) as { format?: unknown; versions?: unknown };
  if (format !== 1 || !Array.isArray(versions) || versions.length === 0) return false;
  let last = 0;
  for (const { version, created, key } of versions as Partial<KeyVersion>[]) {
    if (!Number.isSafeInteger(version) || version! <= last || typeof created !== 'string') return false;
    if (typeof key !== 'string' || Buffer.from(key, 'base64').length !== 32) return false;
    last = version!;
  }
  return true;
}
