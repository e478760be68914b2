import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { decodeBase64 } from './base64.ts';

/** The signature type of plain Ed25519 (C2SP signed-note, "Signature types"). */
const ED25519 = 0x01;
const KEY_BYTES = 32;
/** PKCS #8 and SPKI frames of RFC 8410 in front of the 32 raw bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A key name: not empty, without white space or plus signs. */
const KEY_NAME = /^[^\s+\p{Cc}]+$/u;
const MAX_KEY_LINE = 1_024;

export interface NoteVerifier {
  readonly name: string;
  /** The first four bytes of SHA-256(name || 0x0A || 0x01 || public key), big-endian. */
  readonly id: number;
  /** `<name>+<id in hex>+<base64 of 0x01 || public key>` */
  readonly line: string;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

export interface NoteSigner {
  readonly verifier: NoteVerifier;
  /** `PRIVATE+KEY+<name>+<id in hex>+<base64 of 0x01 || seed>`: a secret. */
  readonly line: string;
  sign(text: Uint8Array): Uint8Array;
}

export function generateSigner(name: string): NoteSigner {
  const { privateKey } = generateKeyPairSync('ed25519');
  return signerOf(name, privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8.length));
}

/** Reads a signer key line; undefined when it is not one, or its id does not fit its key. */
export function parseSigner(line: string): NoteSigner | undefined {
  const parts = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(trimmed(line));
  const seed = parts && rawKey(parts[3] as string);
  if (!parts || !seed || !KEY_NAME.test(parts[1] as string)) return undefined;
  const signer = signerOf(parts[1] as string, seed);
  return hexId(signer.verifier.id) === parts[2] ? signer : undefined;
}

/** Reads a verifier key line; undefined when it is not one, or its id does not fit its key. */
export function parseVerifier(line: string): NoteVerifier | undefined {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(trimmed(line));
  const raw = parts && rawKey(parts[3] as string);
  if (!parts || !raw || !KEY_NAME.test(parts[1] as string)) return undefined;
  const verifier = verifierOf(parts[1] as string, raw);
  return hexId(verifier.id) === parts[2] ? verifier : undefined;
}

export const isKeyName = (name: string): boolean => KEY_NAME.test(name);

const hexId = (id: number): string => id.toString(16).padStart(8, '0');
/** Key files end with one newline. */
const trimmed = (line: string): string => (line.length > MAX_KEY_LINE ? '' : line.replace(/\n$/, ''));

function rawKey(base64: string): Uint8Array | undefined {
  const bytes = decodeBase64(base64);
  return bytes?.length === 1 + KEY_BYTES && bytes[0] === ED25519 ? bytes.subarray(1) : undefined;
}

const typed = (raw: Uint8Array): string => Buffer.concat([Uint8Array.of(ED25519), raw]).toString('base64');

function verifierOf(name: string, raw: Uint8Array): NoteVerifier {
  if (!KEY_NAME.test(name))
    throw new RangeError('A key name must not be empty nor contain white space or a plus sign.');
  const digest = hash('sha256', Buffer.concat([Buffer.from(name), Uint8Array.of(0x0a, ED25519), raw]), 'buffer');
  const id = digest.readUInt32BE(0);
  const key: KeyObject = createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
  return {
    name,
    id,
    line: `${name}+${hexId(id)}+${typed(raw)}`,
    verify: (text, signature) => signature.length === 64 && verify(null, text, key, signature),
  };
}

function signerOf(name: string, seed: Uint8Array): NoteSigner {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
  const verifier = verifierOf(name, raw);
  return {
    verifier,
    line: `PRIVATE+KEY+${name}+${hexId(verifier.id)}+${typed(seed)}`,
    sign: (text) => sign(null, text, key),
  };
}
