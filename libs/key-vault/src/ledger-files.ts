/** The three files of an erasure ledger: the ledger itself, the key that signs it, and its head. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { Fault } from '@anamnesis/kernel';
import { createFile, openToOthers, replaceFile } from './durable-file.ts';
import {
  alteredLedger,
  headText,
  LEDGER_FORMAT,
  lineOf,
  rawPublicKey,
  verifyHead,
  type LedgerHead,
  type LedgerHeader,
  type VerifiedLedger,
} from './ledger-lines.ts';

const keyPath = (path: string): string => `${path}.key`;
const headPath = (path: string): string => `${path}.head`;

/** The key of the ledger at `path`, undefined when it is missing; makes ledger and key where there never were any. */
export async function openFiles(path: string): Promise<KeyObject | undefined> {
  return (await exists(path)) ? readKey(path) : create(path);
}

export async function writeHead(path: string, head: LedgerHead, key: KeyObject): Promise<void> {
  await replaceFile(headPath(path), headText(head, key));
}

/** Key, then ledger, then head: a crash in between leaves what the next start carries on with. */
async function create(path: string): Promise<KeyObject> {
  if (await exists(headPath(path))) throw alteredLedger();
  const made = generateKeyPairSync('ed25519').privateKey;
  await createFile(keyPath(path), made.export({ type: 'pkcs8', format: 'pem' }).toString());
  const key = (await readKey(path)) ?? made;
  const createdAt = new Date().toISOString();
  const header: LedgerHeader = { seq: 0, format: LEDGER_FORMAT, publicKey: rawPublicKey(key), createdAt };
  await createFile(path, `${lineOf(header, key)}\n`);
  return key;
}

async function readKey(path: string): Promise<KeyObject | undefined> {
  if (!(await exists(keyPath(path)))) return undefined;
  if (await openToOthers(keyPath(path))) {
    throw new Fault(
      'ledger-unavailable',
      'The key of the ledger of erasures can be read by others. Set its mode to 0600.',
    );
  }
  try {
    return createPrivateKey(await readFile(keyPath(path), 'utf8'));
  } catch {
    throw new Fault('ledger-unavailable', 'The key of the ledger of erasures is damaged. Put the right one back.');
  }
}

/** The whole lines; a last one without its line feed was never acknowledged: a crash cut the writing of it short. */
export async function readWhole(path: string): Promise<{ readonly text: string; readonly torn: boolean }> {
  const content = await readFile(path, 'utf8');
  const text = content.slice(0, content.lastIndexOf('\n') + 1);
  return { text, torn: text.length < content.length };
}

/** The head names the last line, or the one before it when a crash came between the two. */
export async function settleHead(path: string, { publicKey, hashes }: VerifiedLedger, key?: KeyObject): Promise<void> {
  const last = hashes.length - 1;
  const known = (await exists(headPath(path)))
    ? verifyHead(await readFile(headPath(path), 'utf8'), publicKey)
    : { seq: -1, hash: undefined };
  if (known.seq < last - 1 || known.seq > last || hashes[known.seq] !== known.hash) throw alteredLedger();
  if (known.seq === last) return;
  if (!key) throw alteredLedger();
  await writeHead(path, { seq: last, hash: hashes[last]! }, key);
}

async function exists(path: string): Promise<boolean> {
  try {
    await (await open(path, 'r')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
