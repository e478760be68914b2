import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { appendFile, chmod, cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedKeyVault } from '../src/embedded/index.ts';
import { ErasureLedger, type NewErasure } from '../src/index.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

const erasure = (subject: string = randomUUID()): NewErasure => ({
  id: randomUUID(),
  subjects: [subject],
  classes: ['clinical', 'financial'],
  at: '2025-03-01T10:00:00.000Z',
  basis: 'GDPR 17(1)(b)',
  askedBy: randomUUID(),
  approvedBy: randomUUID(),
});
const altered = {
  code: 'ledger-altered',
  retryable: false,
  message: expect.stringMatching(/altered, cut or reordered/),
};

async function newPath(): Promise<string> {
  return join(await temporaryFolder(), 'erasures', 'ledger.ndjson');
}

/** A ledger of three erasures. */
async function writtenLedger(): Promise<{ path: string; erasures: NewErasure[]; lines: string[] }> {
  const path = await newPath();
  const ledger = await ErasureLedger.open({ path });
  const erasures = [erasure(), erasure(), erasure()];
  await Promise.all(erasures.map((one) => ledger.append(one)));
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return { path, erasures, lines };
}

const write = (path: string, lines: string[]) => writeFile(path, lines.map((line) => `${line}\n`).join(''));

describe('the ledger of erasures', () => {
  it('holds what was appended, in order, when it is opened again', async () => {
    const { path, erasures } = await writtenLedger();
    const ledger = await ErasureLedger.open({ path });
    expect(ledger.erasures).toMatchObject(erasures.map((one, i) => ({ ...one, seq: i + 1 })));
    expect(ledger.head.seq).toBe(3);
    await ledger.append(erasure());
    expect((await ErasureLedger.open({ path })).head).toEqual(ledger.head);
  });

  it('takes an erasure once', async () => {
    const { path, erasures } = await writtenLedger();
    const ledger = await ErasureLedger.open({ path });
    expect(await ledger.append(erasures[1]!)).toMatchObject({ seq: 2 });
    expect(ledger.erasures).toHaveLength(3);
  });

  it('keeps its key to its owner and refuses one that others can read', async () => {
    const { path } = await writtenLedger();
    expect((await stat(`${path}.key`)).mode & 0o077).toBe(0);
    await chmod(`${path}.key`, 0o644);
    await expect(ErasureLedger.open({ path })).rejects.toMatchObject({ code: 'ledger-unavailable' });
  });

  it('opens without its key to be applied, but takes no more', async () => {
    const { path } = await writtenLedger();
    await rm(`${path}.key`);
    const ledger = await ErasureLedger.open({ path });
    expect(ledger.erasures).toHaveLength(3);
    await expect(ledger.append(erasure())).rejects.toMatchObject({ code: 'ledger-unavailable' });
  });

  it('accepts only the public key that the caller knows, where it knows one', async () => {
    const { path } = await writtenLedger();
    const { publicKey } = await ErasureLedger.open({ path });
    await expect(ErasureLedger.open({ path, publicKey })).resolves.toBeDefined();
    const other = await ErasureLedger.open({ path: await newPath() });
    await expect(ErasureLedger.open({ path, publicKey: other.publicKey })).rejects.toMatchObject(altered);
  });
});

describe('a ledger is refused when', () => {
  const cases: Record<string, (lines: string[]) => string[]> = {
    'its last line was cut': (lines) => lines.slice(0, -1),
    'a line in the middle was taken out': (lines) => lines.toSpliced(2, 1),
    'two lines were swapped': ([header, one, two, three]) => [header!, two!, one!, three!],
    'a line was doubled': (lines) => [...lines, lines.at(-1)!],
    'all lines but the first were cut': ([header]) => [header!],
    'it is empty': () => [],
    'a basis was changed': (lines) => lines.with(2, lines[2]!.replace('17(1)(b)', '17(1)(c)')),
    'its first line was taken out': (lines) => lines.slice(1),
    'a line is no JSON': (lines) => lines.with(1, 'erased'),
  };
  for (const [what, change] of Object.entries(cases)) {
    it(what, async () => {
      const { path, lines } = await writtenLedger();
      await write(path, change(lines));
      await expect(ErasureLedger.open({ path })).rejects.toMatchObject(altered);
    });
  }

  it('any byte of it was changed', async () => {
    const { path } = await writtenLedger();
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at += 37) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      await writeFile(path, changed);
      await expect(ErasureLedger.open({ path })).rejects.toMatchObject(altered);
    }
  });

  it('it was removed, and not made anew', async () => {
    const { path } = await writtenLedger();
    await rm(path);
    await expect(ErasureLedger.open({ path })).rejects.toMatchObject(altered);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('its head was removed or belongs to another', async () => {
    const [one, other] = [await writtenLedger(), await writtenLedger()];
    await cp(`${other.path}.head`, `${one.path}.head`);
    await expect(ErasureLedger.open({ path: one.path })).rejects.toMatchObject(altered);
    await rm(`${one.path}.head`);
    await expect(ErasureLedger.open({ path: one.path })).rejects.toMatchObject(altered);
  });

  it('it was signed anew with another key', async () => {
    const [mine, forged] = [await writtenLedger(), await writtenLedger()];
    await cp(forged.path, mine.path);
    await expect(ErasureLedger.open({ path: mine.path })).rejects.toMatchObject(altered);
  });

  it('somebody writes to it while it is open', async () => {
    const { path, lines } = await writtenLedger();
    const ledger = await ErasureLedger.open({ path });
    await appendFile(path, `${lines[1]}\n`);
    await expect(ledger.append(erasure())).rejects.toMatchObject(altered);
  });
});

describe('after a crash', () => {
  it('in the middle of a line, the line was never acknowledged and goes', async () => {
    const { path, lines } = await writtenLedger();
    await appendFile(path, lines[1]!.slice(0, 50));
    const ledger = await ErasureLedger.open({ path });
    await ledger.append(erasure());
    expect((await ErasureLedger.open({ path })).erasures).toHaveLength(4);
  });

  it('between a line and its head, the line stays', async () => {
    const path = await newPath();
    const ledger = await ErasureLedger.open({ path });
    await ledger.append(erasure());
    const head = await readFile(`${path}.head`);
    await ledger.append(erasure());
    await writeFile(`${path}.head`, head);
    expect((await ErasureLedger.open({ path })).erasures).toHaveLength(2);
    expect(await readFile(`${path}.head`)).not.toEqual(head);
  });

  it('while it was made, the next start makes the rest', async () => {
    const path = await newPath();
    await ErasureLedger.open({ path });
    const key = await readFile(`${path}.key`, 'utf8');
    await rm(`${path}.head`);
    await ErasureLedger.open({ path });
    await rm(`${path}.head`);
    await rm(path);
    await (await ErasureLedger.open({ path })).append(erasure());
    expect(await readFile(`${path}.key`, 'utf8')).toBe(key);
  });
});

describe('a restored older data folder', () => {
  it('has its erased keys destroyed again by the ledger, and no others', async () => {
    const [folder, copy] = [await temporaryFolder(), await temporaryFolder()];
    const ledger = await ErasureLedger.open({ path: await newPath() });
    const owner = { subject: randomUUID(), dataClass: 'clinical' } as const;
    const [financial, access] = (['financial', 'access'] as const).map((dataClass) => ({ ...owner, dataClass }));
    const other = { subject: randomUUID(), dataClass: 'clinical' } as const;
    const vault = await EmbeddedKeyVault.open({ folder });
    for (const one of [owner, financial!, access!, other]) await vault.ensure(one);
    await vault.close();
    await cp(folder, copy, { recursive: true });
    await ledger.append(erasure(owner.subject));

    const restored = await EmbeddedKeyVault.open({ folder: copy });
    afterwards(() => restored.close());
    expect(await restored.get(owner)).toBeDefined();
    expect(await ledger.apply(restored)).toBe(1);
    for (const gone of [owner, financial!]) {
      await expect(restored.get(gone)).rejects.toMatchObject({ code: 'key-destroyed' });
      await expect(restored.ensure(gone)).rejects.toMatchObject({ code: 'key-destroyed' });
    }
    for (const kept of [access!, other]) expect(await restored.get(kept)).toBeDefined();
  });
});
