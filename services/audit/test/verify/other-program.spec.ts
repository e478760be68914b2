import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { generateSigner } from '../../src/checkpoint/index.ts';
import { readLog, verifyLogFile, writeLog, type LoggedEvent } from '../../src/verify/index.ts';
import { folderWithLog, sealFolder, temporaryFolder } from '../audit-folder.ts';

const EVENTS = 700;
const folder = temporaryFolder();
const file = (name: string): string => join(folder.path, name);
let evidence: { checkpoint: string; publicKey: string };
let events: LoggedEvent[];

beforeAll(async () => {
  await folderWithLog(folder.path, EVENTS);
  evidence = sealFolder(folder.path);
  const reader = openEmbeddedReader({ folder: folder.path });
  events = reader.readRawSync(0, 10_000);
  await reader.close();
  await writeLog(file('log'), events);
  await writeLog(file('log.gz'), events);
  writeFileSync(file('checkpoint'), evidence.checkpoint);
  writeFileSync(file('public-key'), `${evidence.publicKey}\n`);
});
afterAll(() => folder.remove());

async function changed(name: string, change: (events: LoggedEvent[]) => LoggedEvent[]): Promise<string> {
  await writeLog(file(name), change([...events]));
  return file(name);
}

describe('an exported log', () => {
  it('holds every event, compressed or not', async () => {
    for (const name of ['log', 'log.gz']) {
      const read: LoggedEvent[] = [];
      for await (const batch of readLog(file(name))) read.push(...batch);
      expect(read).toHaveLength(EVENTS);
      expect(
        read.every(({ position, bytes }, at) => position === at + 1 && Buffer.compare(bytes, events[at]!.bytes) === 0),
      ).toBe(true);
    }
    expect(readFileSync(file('log.gz')).length).toBeLessThan(readFileSync(file('log')).length);
  });

  it('verifies against a checkpoint, also one that it has outgrown', async () => {
    for (const name of ['log', 'log.gz']) {
      const result = await verifyLogFile({ file: file(name), ...evidence });
      expect(result).toMatchObject({ status: 'verified', events: EVENTS, covered: EVENTS, findings: [] });
    }
    const longer = await changed('longer', (all) => [...all, { position: EVENTS + 1, bytes: all[0]!.bytes }]);
    expect(await verifyLogFile({ file: longer, ...evidence })).toMatchObject({ covered: EVENTS, events: EVENTS + 1 });
    expect((await verifyLogFile({ file: file('log') })).status).toBe('self-consistent');
  });

  it('may skip revisions where it says so, and never goes back', async () => {
    const revisionsBy = (step: number): LoggedEvent[] =>
      events.map(({ position, bytes }) => {
        const changed = Buffer.from(bytes);
        changed.writeBigUInt64BE(100n + BigInt(step) * changed.readBigUInt64BE(9), 9);
        return { position, bytes: changed };
      });
    await writeLog(file('gaps'), revisionsBy(2), { gaps: true });
    expect(await verifyLogFile({ file: file('gaps') })).toMatchObject({ status: 'self-consistent', findings: [] });
    await writeLog(file('gaps-unsaid'), revisionsBy(2));
    const unsaid = await verifyLogFile({ file: file('gaps-unsaid') });
    expect(unsaid.findings[0]).toMatchObject({ code: 'stream-order', position: 1 });
    await writeLog(file('back.gz'), revisionsBy(-1), { gaps: true });
    const back = await verifyLogFile({ file: file('back.gz') });
    expect(back.findings[0]).toMatchObject({ code: 'stream-order', position: 2 });
  });

  it.each<[string, (all: LoggedEvent[]) => LoggedEvent[], number]>([
    ['changed', (all) => all.with(99, { position: 100, bytes: Buffer.from(all[99]!.bytes).fill(1, 60, 61) }), 0],
    ['dropped', (all) => all.toSpliced(99, 1), 100],
    ['renumbered', (all) => all.toSpliced(99, 1).map(({ bytes }, at) => ({ position: at + 1, bytes })), 0],
    ['swapped', (all) => all.with(9, { ...all[19]!, position: 10 }).with(19, { ...all[9]!, position: 20 }), 0],
    ['cut', (all) => all.slice(0, 650), 651],
    ['emptied', () => [], 1],
  ])('that was %s is found out', async (name, change, firstBad) => {
    const result = await verifyLogFile({ file: await changed(name, change), ...evidence });
    expect(result.status).toBe('failed');
    if (firstBad > 0) expect(result.firstBad).toBe(firstBad);
  });

  it('that is torn, or none, is said to be malformed', async () => {
    const whole = readFileSync(file('log'));
    const zipped = readFileSync(file('log.gz'));
    for (const bytes of [
      whole.subarray(0, -5),
      whole.subarray(0, 8),
      Buffer.alloc(0),
      Buffer.from('something else'),
      zipped.subarray(0, -50),
    ]) {
      writeFileSync(file('torn'), bytes);
      const { status, findings } = await verifyLogFile({ file: file('torn'), ...evidence });
      expect(status).toBe('failed');
      expect(findings.map(({ code }) => code)).toContain('log-malformed');
    }
    await expect(verifyLogFile({ file: file('nowhere') })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const python = (...args: string[]) => spawnSync('python3', args, { encoding: 'utf8', timeout: 60_000 });
const hasPython = python('-c', 'import cryptography').status === 0;

(hasPython ? describe : describe.skip)(
  'the Python program of docs/audit-proofs.md (needs python3 with cryptography)',
  () => {
    const run = (log: string, checkpoint = file('checkpoint'), key = file('public-key')) =>
      python(file('verify.py'), log, checkpoint, key);

    beforeAll(() => {
      const page = readFileSync(new URL('../../../../docs/audit-proofs.md', import.meta.url), 'utf8');
      writeFileSync(file('verify.py'), /```python\n([^]*?)```/.exec(page)![1]!);
    });

    it('verifies an export of ours', () => {
      expect(run(file('log'))).toMatchObject({ status: 0, stdout: `verified ${EVENTS}\n` });
    });

    it('finds out what was altered', async () => {
      const bytes = Buffer.from(events[99]!.bytes);
      bytes[60]! ^= 1;
      expect(run(await changed('p1', (all) => all.with(99, { position: 100, bytes }))).stderr).toContain(
        'not what the checkpoint',
      );
      expect(run(await changed('p2', (all) => all.slice(0, -1))).stderr).toContain(`skips at position ${EVENTS}`);
    });

    it('believes neither another key nor a changed checkpoint', () => {
      writeFileSync(file('other-key'), generateSigner('anamnesis/other').verifier.line);
      expect(run(file('log'), file('checkpoint'), file('other-key')).stderr).toContain('not signed with this key');
      writeFileSync(file('forged'), evidence.checkpoint.replace(`\n${EVENTS}\n`, `\n${EVENTS - 1}\n`));
      expect(run(file('log'), file('forged')).stderr).toContain('InvalidSignature');
    });
  },
);
