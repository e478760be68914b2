import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeStored, encodeStored } from '@anamnesis/event-store';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { CHECKPOINTS_FILE, generateSigner, signCheckpoint } from '../../src/checkpoint/index.ts';
import { DATABASE_FILE } from '../../src/index-db/index.ts';
import { verifyFolder, type VerifyResult } from '../../src/verify/index.ts';
import { appendEvents, folderWithLog, sealFolder, temporaryFolder } from '../audit-folder.ts';

const EVENTS = 1_200;
const root = temporaryFolder();
const base = join(root.path, 'base');
let evidence: { checkpoint: string; publicKey: string };
let copies = 0;

beforeAll(async () => {
  mkdirSync(base);
  await folderWithLog(base, EVENTS);
  evidence = sealFolder(base);
});
afterAll(() => root.remove());

/** A copy of the folder with its log altered behind the store's back. */
function altered(change: (log: DatabaseSync, folder: string) => void): string {
  const folder = join(root.path, `copy-${(copies += 1)}`);
  cpSync(base, folder, { recursive: true });
  const log = new DatabaseSync(join(folder, 'log.sqlite'));
  log.exec('PRAGMA journal_mode = DELETE');
  try {
    change(log, folder);
  } finally {
    log.close();
  }
  return folder;
}

const bytesAt = (log: DatabaseSync, position: number): Buffer =>
  Buffer.from(
    (log.prepare('SELECT bytes FROM events WHERE position = ?').get(position) as { bytes: Uint8Array }).bytes,
  );
const setBytes = (log: DatabaseSync, position: number, bytes: Uint8Array): void => {
  log.prepare('UPDATE events SET bytes = ? WHERE position = ?').run(bytes, position);
};
const codes = ({ findings }: VerifyResult): string[] => [...new Set(findings.map(({ code }) => code))];
const check = (folder: string): Promise<VerifyResult> => verifyFolder({ folder, ...evidence });

/** Deterministic, so that a failure can be repeated. */
function* randoms(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('a log that nobody touched', () => {
  it('verifies against a checkpoint, with progress', async () => {
    const steps: number[] = [];
    const result = await verifyFolder({ folder: base, ...evidence, progress: (done) => steps.push(done) });
    expect(result).toMatchObject({ status: 'verified', events: EVENTS, covered: EVENTS, findings: [] });
    expect(steps.at(-1)).toBe(EVENTS);
  });

  it('is only self-consistent without checkpoint or without key', async () => {
    expect((await verifyFolder({ folder: base })).status).toBe('self-consistent');
    expect((await verifyFolder({ folder: base, publicKey: evidence.publicKey })).status).toBe('self-consistent');
    expect((await verifyFolder({ folder: base, checkpoint: evidence.checkpoint })).status).toBe('self-consistent');
  });

  it('verifies against an older checkpoint after it has grown', async () => {
    const folder = altered(() => undefined);
    const store = await EmbeddedEventStore.open({ folder });
    await appendEvents(store, 500, EVENTS);
    // Beside its running owner too.
    expect(await check(folder)).toMatchObject({ status: 'verified', events: EVENTS + 500, covered: EVENTS });
    await store.close();
    expect(await check(folder)).toMatchObject({ status: 'verified', events: EVENTS + 500, covered: EVENTS });
  });

  it('verifies on several threads as on none', async () => {
    const folder = altered(() => undefined);
    const store = await EmbeddedEventStore.open({ folder });
    await appendEvents(store, 9_000, EVENTS);
    await store.close();
    const sealed = sealFolder(folder);
    const [here, there] = await Promise.all([0, 3].map((threads) => verifyFolder({ folder, ...sealed, threads })));
    expect(there).toMatchObject({ status: 'verified', covered: EVENTS + 9_000 });
    expect(there).toEqual(here);
    const log = new DatabaseSync(join(folder, 'log.sqlite'));
    for (const position of [9_999, 4_097, 4_096]) setBytes(log, position, bytesAt(log, 1));
    log.close();
    expect(await verifyFolder({ folder, ...sealed, threads: 2 })).toMatchObject({ status: 'failed', firstBad: 4_096 });
  });

  it('verifies when the folder has lost its own tree and checkpoints', async () => {
    const folder = altered((_, path) => rmSync(join(path, 'audit'), { recursive: true }));
    expect(await check(folder)).toMatchObject({ status: 'verified', findings: [] });
  });
});

describe('an altered log', () => {
  it('is found out with its first bad position, whichever byte was flipped', async () => {
    const random = randoms(20_26);
    const next = (): number => random.next().value as number;
    const folder = altered(() => undefined);
    for (let run = 0; run < 60; run += 1) {
      const log = new DatabaseSync(join(folder, 'log.sqlite'));
      const position = 1 + Math.floor(next() * EVENTS);
      const bytes = bytesAt(log, position);
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(next() * bytes.length)]! ^= 1 << Math.floor(next() * 8);
      setBytes(log, position, flipped);
      const result = await check(folder);
      setBytes(log, position, bytes);
      log.close();
      expect(result).toMatchObject({ status: 'failed', firstBad: position });
      expect(codes(result)).toContain('event-altered');
    }
    expect((await check(folder)).status).toBe('verified');
  });

  it('is found out when a byte of an event is changed in the file itself', async () => {
    const random = randoms(7);
    for (let run = 0; run < 10; run += 1) {
      const position = 1 + Math.floor((random.next().value as number) * EVENTS);
      let bytes: Buffer = Buffer.alloc(0);
      const folder = altered((log) => (bytes = bytesAt(log, position)));
      const path = join(folder, 'log.sqlite');
      const file = readFileSync(path);
      // The event's data may span pages; its id and meta are unique enough to be found.
      const at = file.indexOf(bytes.subarray(0, 60));
      expect(at).toBeGreaterThan(0);
      file[at + 45]! ^= 0x01;
      writeFileSync(path, file);
      expect(await check(folder)).toMatchObject({ status: 'failed', firstBad: position });
      rmSync(folder, { recursive: true });
    }
  });

  it('is found out when its pages are damaged', async () => {
    const folder = altered(() => undefined);
    const path = join(folder, 'log.sqlite');
    const file = readFileSync(path);
    file.fill(0xff, Math.floor(file.length / 2), Math.floor(file.length / 2) + 8192);
    writeFileSync(path, file);
    const result = await check(folder);
    expect(result.status).toBe('failed');
    expect(codes(result)).toContain('store-damaged');
  });

  it('is found out when an event is dropped', async () => {
    const result = await check(altered((log) => log.exec('DELETE FROM events WHERE position = 700')));
    expect(result).toMatchObject({ status: 'failed', firstBad: 700 });
    expect(codes(result)).toEqual(expect.arrayContaining(['event-missing', 'event-altered']));
  });

  it('is found out when an event is dropped and the rest renumbered', async () => {
    const folder = altered((log) => {
      log.exec('DELETE FROM events WHERE position = 700');
      log.exec('UPDATE events SET position = -position WHERE position > 700');
      log.exec('UPDATE events SET position = -position - 1 WHERE position < 0');
    });
    expect(await check(folder)).toMatchObject({ status: 'failed', firstBad: 700 });
  });

  it('is found out when two events are swapped', async () => {
    const folder = altered((log) => {
      log.exec('UPDATE events SET position = 0 WHERE position = 10');
      log.exec('UPDATE events SET position = 10 WHERE position = 900');
      log.exec('UPDATE events SET position = 900 WHERE position = 0');
    });
    expect(await check(folder)).toMatchObject({ status: 'failed', firstBad: 10 });
  });

  it('is found out when its tail is cut', async () => {
    const result = await check(altered((log) => log.exec('DELETE FROM events WHERE position > 1100')));
    expect(result).toMatchObject({ status: 'failed', firstBad: 1_101 });
    expect(codes(result)).toContain('log-cut');
  });

  it('is found out when it is emptied', async () => {
    const result = await check(
      altered((log) => log.exec('DELETE FROM events; DELETE FROM streams; DELETE FROM stamps')),
    );
    expect(result).toMatchObject({ status: 'failed', firstBad: 1, events: 0 });
  });

  it('is found out when an event is slipped in', async () => {
    const folder = altered((log) => {
      log.exec('UPDATE events SET position = -position WHERE position > 300');
      log.exec('UPDATE events SET position = -position + 1 WHERE position < 0');
      log.exec('INSERT INTO events SELECT 301, 999999, 0, bytes FROM events WHERE position = 300');
    });
    expect(await check(folder)).toMatchObject({ status: 'failed', firstBad: 301 });
  });

  it('is found out when events stand where no reader of the whole log looks', async () => {
    const folder = altered((log) =>
      log.exec('INSERT INTO events SELECT 0, stream_id, 99, bytes FROM events WHERE position = 5'),
    );
    expect(codes(await check(folder))).toContain('stream-index');
  });

  it('is found out when a stream leads to other events than its own', async () => {
    const moved = altered((log) => log.exec('UPDATE events SET revision = 77 WHERE position = 20'));
    expect(await check(moved)).toMatchObject({ status: 'failed', firstBad: 20 });
    const renamed = altered((log) =>
      log.exec('UPDATE streams SET id = 500000 WHERE id = (SELECT stream_id FROM events WHERE position = 20)'),
    );
    expect(codes(await check(renamed))).toEqual(['stream-index']);
    const forged = altered((log) => log.exec("INSERT INTO streams VALUES ('patient-forged', 500001)"));
    expect(codes(await check(forged))).toEqual(['stream-index']);
  });

  it('is found out when the times by which "as of" looks were changed', async () => {
    const folder = altered((log) =>
      log.exec('UPDATE stamps SET position = position - 1 WHERE position = (SELECT max(position) FROM stamps)'),
    );
    expect(codes(await check(folder))).toEqual(['commit-times']);
    const gone = altered((log) => log.exec('DELETE FROM stamps'));
    expect(codes(await check(gone))).toEqual(['commit-times']);
  });

  it('is found out even when its tree and its own checkpoints were made anew to fit', async () => {
    const folder = altered((log, path) => {
      const event = decodeStored(bytesAt(log, 432), 432);
      setBytes(log, 432, encodeStored({ ...event, data: Buffer.from('rewritten') }));
      rmSync(join(path, 'audit', DATABASE_FILE));
      rmSync(join(path, 'audit', CHECKPOINTS_FILE));
    });
    sealFolder(folder);
    expect((await verifyFolder({ folder })).status).toBe('self-consistent');
    const result = await check(folder);
    expect(result.status).toBe('failed');
    // The folder's tree cannot be believed, so only a range is known, and it holds the position.
    expect(result.firstBad).toBeUndefined();
    expect(result.findings).toEqual([expect.objectContaining({ code: 'root-differs', position: 1, upTo: EVENTS })]);
  });

  it('is found out by its own tree, when there is no checkpoint', async () => {
    const result = await verifyFolder({ folder: altered((log) => setBytes(log, 77, bytesAt(log, 78))) });
    expect(result).toMatchObject({ status: 'failed', firstBad: 77 });
    expect(codes(result)).toContain('tree-differs');
  });
});

describe('an older copy of the folder', () => {
  it('is behind the checkpoint', async () => {
    const grown = altered(() => undefined);
    const store = await EmbeddedEventStore.open({ folder: grown });
    await appendEvents(store, 40, EVENTS);
    await store.close();
    const later = sealFolder(grown);
    expect(await verifyFolder({ folder: grown, ...later })).toMatchObject({ status: 'verified', covered: EVENTS + 40 });
    const result = await verifyFolder({ folder: base, ...later });
    expect(result).toMatchObject({ status: 'failed' });
    expect(codes(result)).toEqual(['log-cut']);
  });

  it('that went another way is told from the original by an earlier checkpoint', async () => {
    const folder = altered((log) => setBytes(log, 900, bytesAt(log, 901)));
    const store = await EmbeddedEventStore.open({ folder: altered(() => undefined) });
    await store.close();
    const result = await verifyFolder({ folder, publicKey: evidence.publicKey });
    expect(codes(result)).toContain('earlier-root-differs');
  });
});

describe('evidence that is not what it seems', () => {
  const failsWith = async (change: Partial<typeof evidence>, code: string): Promise<void> => {
    const result = await verifyFolder({ folder: base, ...evidence, ...change });
    expect(result.status).toBe('failed');
    expect(codes(result)).toEqual([code]);
  };

  it('a checkpoint of another log is refused', async () => {
    const other = generateSigner('anamnesis/other');
    await failsWith(
      { checkpoint: signCheckpoint({ size: 1, root: new Uint8Array(32) }, other) },
      'checkpoint-unknown-key',
    );
  });

  it('the key of another log is refused', async () => {
    await failsWith({ publicKey: generateSigner('anamnesis/other').verifier.line }, 'checkpoint-unknown-key');
    await failsWith({ publicKey: 'no key' }, 'public-key-malformed');
  });

  it('a checkpoint whose text was changed is refused', async () => {
    await failsWith(
      { checkpoint: evidence.checkpoint.replace(`\n${EVENTS}\n`, '\n1100\n') },
      'checkpoint-bad-signature',
    );
    await failsWith({ checkpoint: 'no note' }, 'checkpoint-malformed');
  });

  it('a folder without a log is said to be unreadable', async () => {
    const folder = join(root.path, 'empty');
    mkdirSync(folder);
    expect(codes(await verifyFolder({ folder, ...evidence }))).toEqual(['store-unreadable']);
    writeFileSync(join(folder, 'log.sqlite'), 'this is no database, though it has its name');
    expect(codes(await verifyFolder({ folder, ...evidence }))).toEqual(['store-unreadable']);
  });
});
