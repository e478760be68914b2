import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CHECKPOINTS_FILE,
  CheckpointLog,
  generateSigner,
  newestCheckpoint,
  openCheckpoint,
  openSigner,
  parseCheckpoint,
  parseVerifier,
  PUBLIC_KEY_FILE,
  signCheckpoint,
  SIGNING_KEY_FILE,
  signNote,
  storedCheckpoints,
} from '../../src/checkpoint/index.ts';
import { EMPTY_ROOT } from '../../src/tree/index.ts';

const signer = generateSigner('anamnesis/one');
const root = Buffer.from(EMPTY_ROOT).toString('base64');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a checkpoint', () => {
  it('says origin, size and root on three lines, and opens again', () => {
    const note = signCheckpoint({ size: 12_345, root: EMPTY_ROOT }, signer);
    expect(note.startsWith(`anamnesis/one\n12345\n${root}\n\n\u2014 anamnesis/one `)).toBe(true);
    expect(openCheckpoint(note, signer.verifier)).toEqual({
      ok: true,
      checkpoint: { origin: 'anamnesis/one', size: 12_345, root: EMPTY_ROOT },
    });
  });

  it('of another origin is refused, though the right key signed it', () => {
    const note = signNote(`anamnesis/two\n1\n${root}\n`, signer);
    expect(openCheckpoint(note, signer.verifier)).toEqual({ ok: false, reason: 'wrong-origin' });
  });

  it('of another key is refused', () => {
    const note = signCheckpoint({ size: 1, root: EMPTY_ROOT }, generateSigner('anamnesis/one'));
    expect(openCheckpoint(note, signer.verifier)).toEqual({ ok: false, reason: 'unknown-key' });
  });

  it('may carry extension lines', () => {
    expect(parseCheckpoint(`o\n0\n${root}\nmore\n`)?.size).toBe(0);
  });

  it.each([
    '',
    `o\n1\n${root}`,
    `o\n1\n`,
    `\n1\n${root}\n`,
    `o\n01\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n1.5\n${root}\n`,
    `o\n9999999999999999\n${root}\n`,
    `o\n1\n${root.slice(0, -1)}\n`,
    `o\n1\nAAAA\n`,
    `o\n1\n${root}\n\n`,
  ])('is malformed as %p', (text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });
});

describe('the signing key of a folder', () => {
  it('is made once, readable by its owner only, and published as a verifier key', () => {
    const first = openSigner(folder);
    expect(first.verifier.name).toMatch(/^anamnesis\/[0-9a-f-]{36}$/);
    expect(statSync(join(folder, SIGNING_KEY_FILE)).mode & 0o777).toBe(0o600);
    expect(openSigner(folder).line).toBe(first.line);
    expect(parseVerifier(readFileSync(join(folder, PUBLIC_KEY_FILE), 'utf8'))?.line).toBe(first.verifier.line);
  });

  it('is never replaced: neither when it is unreadable nor when it is gone after checkpoints were signed', () => {
    writeFileSync(join(folder, SIGNING_KEY_FILE), 'nonsense');
    expect(() => openSigner(folder)).toThrow(expect.objectContaining({ code: 'store-corrupt' }));
    rmSync(join(folder, SIGNING_KEY_FILE));
    writeFileSync(join(folder, CHECKPOINTS_FILE), '');
    expect(() => openSigner(folder)).toThrow(expect.objectContaining({ code: 'store-corrupt' }));
  });
});

describe('the file of checkpoints', () => {
  const checkpoint = (size: number) => ({ at: size, size, note: signCheckpoint({ size, root: EMPTY_ROOT }, signer) });

  it('keeps them all and knows the newest', () => {
    const path = join(folder, CHECKPOINTS_FILE);
    expect(newestCheckpoint(path)).toBeUndefined();
    expect(storedCheckpoints(path)).toEqual([]);
    const log = new CheckpointLog(path);
    expect(newestCheckpoint(path)).toBeUndefined();
    for (let size = 0; size < 1_500; size += 1) log.append(checkpoint(size));
    log.close();
    expect(newestCheckpoint(path)).toEqual(checkpoint(1_499));
    expect(storedCheckpoints(path).map(({ size }) => size)).toEqual(Array.from({ length: 1_500 }, (_, size) => size));
  });

  it('drops a line that a crash tore, and goes on', () => {
    const path = join(folder, CHECKPOINTS_FILE);
    let log = new CheckpointLog(path);
    log.append(checkpoint(1));
    log.close();
    appendFileSync(path, '{"at":2,"size":2,"no');
    expect(newestCheckpoint(path)).toEqual(checkpoint(1));
    log = new CheckpointLog(path);
    log.append(checkpoint(3));
    log.close();
    expect(storedCheckpoints(path)).toEqual([checkpoint(1), checkpoint(3)]);
  });
});
