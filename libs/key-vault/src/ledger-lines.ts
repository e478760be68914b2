/**
 * The erasure ledger's text. One line is `{"entry":<JSON>,"signature":"<base64url>"}`: an Ed25519 signature (RFC 8032)
 * over the exact bytes of the entry's JSON. Entry 0 names the public key; each later entry carries in `previous` the
 * SHA-256 of the line before it (its bytes without the line feed, in hex).
 */
import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';
import { Fault, type DataClass } from '@anamnesis/kernel';

export const LEDGER_FORMAT = 'anamnesis-erasures-1';

/** What was erased, and on whose word. */
export interface NewErasure {
  /** The erasure's id; appending it again changes nothing. */
  readonly id: string;
  /** Opaque patient ids. */
  readonly subjects: readonly string[];
  readonly classes: readonly DataClass[];
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The legal basis, such as `GDPR 17(1)(b)`. */
  readonly basis: string;
  /** Opaque ids of the two officers. */
  readonly askedBy: string;
  readonly approvedBy: string;
}

export interface Erasure extends NewErasure {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly previous: string;
}

export interface LedgerHeader {
  readonly seq: 0;
  readonly format: typeof LEDGER_FORMAT;
  /** The raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  readonly createdAt: string;
}

/** How far the ledger goes: its last entry, and the hash of its line. */
export interface LedgerHead {
  readonly seq: number;
  readonly hash: string;
}

export interface VerifiedLedger {
  readonly publicKey: string;
  readonly erasures: readonly Erasure[];
  /** The hash of each line, the header's first. */
  readonly hashes: readonly string[];
}

const PREFIX = '{"entry":';
const MIDDLE = ',"signature":"';
const SUFFIX = '"}';
const SIGNATURE_LENGTH = 86; // 64 bytes in base64url
const TAIL = MIDDLE.length + SIGNATURE_LENGTH + SUFFIX.length;

export const alteredLedger = (): Fault =>
  new Fault('ledger-altered', 'The ledger of erasures was altered, cut or reordered. Put the right one back.');

/** A line without its line feed. */
export function lineOf(entry: LedgerHeader | Erasure, privateKey: KeyObject): string {
  const text = JSON.stringify(entry);
  const signature = sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64url');
  return `${PREFIX}${text}${MIDDLE}${signature}${SUFFIX}`;
}

export const hashOf = (line: string): string => hash('sha256', line, 'hex');

/** Checks every line against the one before it and the key of the first. Throws `Fault` `ledger-altered`. */
export function verifyLines(lines: readonly string[]): VerifiedLedger {
  const header = parseEntry(lines[0] ?? '') as Partial<LedgerHeader>;
  if (header.seq !== 0 || header.format !== LEDGER_FORMAT || typeof header.publicKey !== 'string')
    throw alteredLedger();
  const key = publicKeyOf(header.publicKey);
  const hashes: string[] = [];
  const erasures: Erasure[] = [];
  lines.forEach((line, seq) => {
    const entry = parseEntry(line) as unknown as Erasure;
    checkSignature(line, key);
    if (entry.seq !== seq || (seq > 0 && entry.previous !== hashes[seq - 1])) throw alteredLedger();
    hashes.push(hashOf(line));
    if (seq > 0) erasures.push(entry);
  });
  return { publicKey: header.publicKey, erasures, hashes };
}

export function rawPublicKey(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ format: 'jwk' }).x!;
}

/** The head as a text that is signed like a line. */
export function headText({ seq, hash }: LedgerHead, privateKey: KeyObject): string {
  const text = `${LEDGER_FORMAT} head ${seq} ${hash}`;
  return `${text}\n${sign(null, Buffer.from(text, 'utf8'), privateKey).toString('base64url')}\n`;
}

export function verifyHead(content: string, publicKey: string): LedgerHead {
  const [text = '', signature = ''] = content.split('\n');
  const found = new RegExp(`^${LEDGER_FORMAT} head (\\d{1,15}) ([0-9a-f]{64})$`).exec(text);
  const genuine = verify(null, Buffer.from(text, 'utf8'), publicKeyOf(publicKey), Buffer.from(signature, 'base64url'));
  if (!found || !genuine) throw alteredLedger();
  return { seq: Number(found[1]), hash: found[2]! };
}

function parseEntry(line: string): Record<string, unknown> {
  if (!line.startsWith(PREFIX) || !line.endsWith(SUFFIX) || !line.slice(-TAIL).startsWith(MIDDLE))
    throw alteredLedger();
  try {
    return JSON.parse(line.slice(PREFIX.length, -TAIL)) as Record<string, unknown>;
  } catch {
    throw alteredLedger();
  }
}

function checkSignature(line: string, key: KeyObject): void {
  const text = Buffer.from(line.slice(PREFIX.length, -TAIL), 'utf8');
  const signature = line.slice(-(SIGNATURE_LENGTH + SUFFIX.length), -SUFFIX.length);
  if (!verify(null, text, key, Buffer.from(signature, 'base64url'))) throw alteredLedger();
}

function publicKeyOf(raw: string): KeyObject {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw }, format: 'jwk' });
  } catch {
    throw alteredLedger();
  }
}
