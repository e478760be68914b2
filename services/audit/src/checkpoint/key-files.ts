import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Fault, newId } from '@anamnesis/kernel';
import { generateSigner, type NoteSigner, parseSigner } from './note-key.ts';

/** The signing key, a secret of mode 0600, and its public half, which an officer takes away. */
export const SIGNING_KEY_FILE = 'signing-key';
export const PUBLIC_KEY_FILE = 'public-key';
export const CHECKPOINTS_FILE = 'checkpoints';

/**
 * The folder's signer; made at the first start, under the origin `anamnesis/<folder id>`. Throws `Fault`
 * `store-corrupt` when the key is unreadable, or is missing though checkpoints were signed with it: a fresh key would
 * look like another log to everyone who holds the old one.
 */
export function openSigner(folder: string): NoteSigner {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, SIGNING_KEY_FILE);
  if (!existsSync(path)) {
    if (existsSync(join(folder, CHECKPOINTS_FILE))) {
      throw new Fault('store-corrupt', 'The audit signing key is missing, but checkpoints were signed with it.');
    }
    writeOnce(path, `${generateSigner(`anamnesis/${newId()}`).line}\n`, 0o600);
  }
  const signer = parseSigner(readFileSync(path, 'utf8'));
  if (!signer) throw new Fault('store-corrupt', 'The audit signing key is not a note signer key.');
  const published = join(folder, PUBLIC_KEY_FILE);
  if (!existsSync(published)) writeOnce(published, `${signer.verifier.line}\n`, 0o644);
  return signer;
}

/** Whole or not at all, durable, and never over an existing file: of two processes that start at once, one wins. */
function writeOnce(path: string, text: string, mode: number): void {
  const aside = `${path}.${process.pid}.new`;
  rmSync(aside, { force: true });
  const file = openSync(aside, 'wx', mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside);
  }
}
