import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import type { StoredEvent } from '@anamnesis/event-store';
import { newId, type Actor, type Fact, type RecordedFact } from '@anamnesis/kernel';
import { openEmbeddedKeyReader } from '@anamnesis/key-vault/embedded';
import type { KeyReader } from '@anamnesis/key-vault';
import { SealedJournal, SealedJournalReader, type Pending, type Work } from '../src/index.ts';
import { allBytes, temporaryJournal, type TemporaryJournal } from './temporary.ts';

const actor: Actor = { id: 'user-1', role: 'physician', facility: 'ward-7', purpose: 'TREAT' };
const work = (more: Partial<Work> = {}): Work => ({ command: newId(), actor, correlation: 'request-1', ...more });

function patient(): { subject: string; stream: string } {
  const subject = randomUUID();
  return { subject, stream: `patient-${subject}` };
}

const registered = (name: string): Fact => ({
  type: 'PatientRegistered',
  schema: 1,
  facts: { resourceType: 'Patient', versionId: '1', note: name },
  resource: `{"resourceType":"Patient","meta":{},"name":[{"family":"${name}"}],"x":1.00}`,
});

const pendingOf = (subject: string | undefined, stream: string, ...facts: Fact[]): Pending => ({
  stream,
  expected: 'none',
  facts,
  dataClass: 'clinical',
  ...(subject !== undefined && { subject }),
});

let its: TemporaryJournal;
beforeAll(async () => {
  its = await temporaryJournal();
});
afterAll(() => its.remove());

describe('a committed fact', () => {
  it('is loaded as it was stated, with its envelope', async () => {
    const { subject, stream } = patient();
    const committed = await its.journal.commit(
      [pendingOf(subject, stream, registered('Weiß'), { type: 'DeathRecorded', schema: 2, facts: { a: [1, null] } })],
      work({ command: 'c-1', causation: 'cause', traceparent: '00-x' }),
    );
    const { facts, revision } = await its.journal.load(stream);
    expect(committed).toMatchObject({ ok: true, position: facts[1]!.position, revisions: [1] });
    expect(revision).toBe(1);
    const meta = {
      actor,
      subject,
      dataClass: 'clinical',
      command: 'c-1',
      correlation: 'request-1',
      causation: 'cause',
      traceparent: '00-x',
    };
    expect(facts).toEqual([
      { ...registered('Weiß'), ...placed(facts[0]!), stream, revision: 0, meta },
      { type: 'DeathRecorded', schema: 2, facts: { a: [1, null] }, ...placed(facts[1]!), stream, revision: 1, meta },
    ]);
  });

  it('keeps whatever text it carries, letter by letter', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), text),
        fc.option(text, { nil: undefined }),
        async (facts, resource) => {
          const { subject, stream } = patient();
          const fact: Fact = { type: 'T', schema: 1, facts, ...(resource !== undefined && { resource }) };
          await its.journal.commit([pendingOf(subject, stream, fact)], work());
          const [loaded] = (await its.journal.load(stream)).facts;
          expect(loaded!.facts).toEqual(JSON.parse(JSON.stringify(facts)));
          expect(loaded!.resource).toBe(resource);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('can be read newest first, and as of a position', async () => {
    const { subject, stream } = patient();
    await its.journal.commit([pendingOf(subject, stream, registered('A'), registered('B'))], work());
    const { position } = (await its.journal.load(stream)).facts[0]!;
    await its.journal.commit([{ ...pendingOf(subject, stream, registered('C')), expected: 1 }], work());
    const names = (facts: readonly RecordedFact[]) => facts.map(({ facts }) => facts['note']);
    expect(names(await its.journal.loadBackwards(stream, 2))).toEqual(['C', 'B']);
    expect(names(await its.journal.loadBackwards(stream, 2, { upTo: position }))).toEqual(['A']);
    expect(await its.journal.load(stream, { upTo: position })).toMatchObject({ revision: 0, facts: [{}] });
  });

  it('is found in a stream of any length', async () => {
    const { subject, stream } = patient();
    const many = Array.from({ length: 2_500 }, (_, n): Fact => ({ type: 'T', schema: 1, facts: { n } }));
    await its.journal.commit([pendingOf(subject, stream, ...many)], work());
    const { facts, revision } = await its.journal.load(stream);
    expect(facts.map(({ facts }) => facts['n'])).toEqual(many.map((_, n) => n));
    expect(revision).toBe(2_499);
  });

  it('is brought to today’s shape', async () => {
    const journal = new SealedJournal(its.store, its.vault, {
      upcast: ({ schema, ...fact }) => ({ ...fact, schema: schema + 1, facts: { ...fact.facts, was: schema } }),
    });
    const { subject, stream } = patient();
    await journal.commit([pendingOf(subject, stream, registered('A'))], work());
    expect((await journal.load(stream)).facts[0]).toMatchObject({ schema: 2, facts: { was: 1, note: 'A' } });
  });
});

describe('a commit', () => {
  it('is refused with the conflict when the stream has moved', async () => {
    const { subject, stream } = patient();
    await its.journal.commit([pendingOf(subject, stream, registered('A'))], work());
    const other = patient();
    const pending = [
      pendingOf(other.subject, other.stream, registered('B')),
      pendingOf(subject, stream, registered('C')),
    ];
    expect(await its.journal.commit(pending, work())).toEqual({ ok: false, conflict: { stream, actual: 0 } });
    expect(await its.journal.load(other.stream)).toEqual({ facts: [], revision: 'none' });
  });

  it('that is repeated appends nothing and answers the same', async () => {
    const [one, other] = [patient(), patient()];
    const same = work();
    const pending = [
      pendingOf(one.subject, one.stream, registered('A'), registered('B')),
      pendingOf(other.subject, other.stream, registered('C')),
    ];
    const first = await its.journal.commit(pending, same);
    const head = await its.store.head();
    expect(await its.journal.commit(pending, same)).toEqual(first);
    expect(await its.store.head()).toBe(head);
  });

  it('writes two pending parts of one stream one after the other', async () => {
    const { subject, stream } = patient();
    const parts = [
      pendingOf(subject, stream, registered('A')),
      { ...pendingOf(subject, stream, registered('B')), expected: 0 },
    ];
    expect(await its.journal.commit(parts, work())).toMatchObject({ ok: true });
    expect((await its.journal.load(stream)).facts.map(({ facts }) => facts['note'])).toEqual(['A', 'B']);
  });

  it('without facts is a condition, and makes no key', async () => {
    const { subject, stream } = patient();
    const empty = pendingOf(subject, stream);
    expect(await its.journal.commit([empty], work())).toMatchObject({ ok: true, revisions: [-1] });
    expect(await its.journal.commit([{ ...empty, expected: 3 }], work())).toMatchObject({ ok: false });
    expect(await its.vault.get({ subject, dataClass: 'clinical' })).toBeUndefined();
  });

  it('rejects, and does not throw, what cannot be sealed', async () => {
    const { subject, stream } = patient();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await its.vault.ensure({ subject, dataClass: 'clinical' });
    const commit = its.journal.commit([pendingOf(subject, stream, { type: 'T', schema: 1, facts: circular })], work());
    await expect(commit).rejects.toThrow(TypeError);
  });
});

describe('the key of a fact', () => {
  const keyOf = async (stream: string) => JSON.parse((await its.store.readStream(stream))[0]!.meta);

  it('is the network’s where no patient is named', async () => {
    const stream = `location-${randomUUID()}`;
    await its.journal.commit([pendingOf(undefined, stream, registered('A'))], work());
    expect(await keyOf(stream)).not.toHaveProperty('subject');
    expect((await its.journal.load(stream)).facts).toHaveLength(1);
    expect(its.vault.cached({ subject: 'network', dataClass: 'clinical' })).toBeDefined();
  });

  it('is the month’s for access records, whenever the log stamps them', async () => {
    const stream = `access-${randomUUID()}`;
    const pending: Pending = { ...pendingOf(undefined, stream, registered('query')), dataClass: 'access' };
    await its.journal.commit([pending], work({ at: Date.parse('2019-12-31T23:59:59.999Z') }));
    expect(await keyOf(stream)).toMatchObject({ sealedBy: 'audit-2019-12', dataClass: 'access' });
    expect((await its.journal.load(stream)).facts).toHaveLength(1);
    await its.vault.destroy('audit-2019-12', ['access']);
    await expect(its.journal.load(stream)).rejects.toMatchObject({ code: 'key-destroyed' });
  });
});

describe('after a patient’s key was destroyed', () => {
  it('loading is a fault, writing too, and a projector is told', async () => {
    const { subject, stream } = patient();
    await its.journal.commit([pendingOf(subject, stream, registered('A'))], work({ command: 'c-9' }));
    const [stored] = await its.store.readStream(stream);
    expect(await its.journal.open(stored!)).toMatchObject({ facts: { note: 'A' } });
    await its.vault.destroy(subject);
    const gone = { code: 'key-destroyed' };
    await expect(its.journal.load(stream)).rejects.toMatchObject(gone);
    await expect(its.journal.loadBackwards(stream, 1)).rejects.toMatchObject(gone);
    await expect(
      its.journal.commit([{ ...pendingOf(subject, stream, registered('B')), expected: 0 }], work()),
    ).rejects.toMatchObject(gone);
    const { data: _data, meta: _meta, ...envelope } = stored!;
    const erased = { erased: true, ...envelope, meta: expect.objectContaining({ subject, command: 'c-9' }) };
    expect(await its.journal.open(stored!)).toEqual(erased);
    expect(await its.journal.openAll([stored!])).toEqual([erased]);
  });
});

describe('an event that was tampered with', () => {
  it('does not open: moved, renamed, or changed', async () => {
    const [one, other] = [patient(), patient()];
    await its.journal.commit([pendingOf(one.subject, one.stream, registered('A'))], work());
    await its.journal.commit([pendingOf(other.subject, other.stream, registered('B'))], work());
    const [stored] = await its.store.readStream(one.stream);
    const [theirs] = await its.store.readStream(other.stream);
    const changes: Partial<StoredEvent>[] = [
      { stream: other.stream },
      { id: theirs!.id },
      { type: 'PatientMerged' },
      { schema: 2 },
      { data: theirs!.data },
      { meta: theirs!.meta },
    ];
    for (const change of changes) {
      await expect(its.journal.open({ ...stored!, ...change })).rejects.toMatchObject({ code: 'event-altered' });
    }
  });

  it('is a fault when the vault never had its key', async () => {
    const { subject, stream } = patient();
    await its.journal.commit([pendingOf(subject, stream, registered('A'))], work());
    const [stored] = await its.store.readStream(stream);
    const meta = stored!.meta.replace(subject, randomUUID());
    await expect(its.journal.open({ ...stored!, meta })).rejects.toMatchObject({ code: 'vault-key-wrong' });
  });
});

describe('a reader of its own', () => {
  it('opens whole batches in order, erased ones included, also with a cache of one key', async () => {
    const people = [patient(), patient(), patient()];
    const from = await its.store.head();
    for (const round of ['1', '2']) {
      for (const { subject, stream } of people) {
        await its.journal.commit([{ ...pendingOf(subject, stream, registered(round)), expected: 'any' }], work());
      }
    }
    await its.vault.destroy(people[1]!.subject);
    const events = openEmbeddedReader({ folder: its.folder });
    const keys = await openEmbeddedKeyReader({ folder: its.folder, cacheSize: 1 });
    const reader = new SealedJournalReader(events, keys);
    const opened = await reader.openAll(await events.readAll({ from }));
    expect(opened.map((fact) => ('erased' in fact ? 'erased' : fact.facts['note']))).toEqual([
      '1',
      'erased',
      '1',
      '2',
      'erased',
      '2',
    ]);
    expect((await reader.load(people[0]!.stream)).facts).toHaveLength(2);
    await keys.close();
    await expect(reader.load(people[0]!.stream)).rejects.toMatchObject({ code: 'stopping' });
    await events.close();
  });

  it('passes on that the vault does not answer', async () => {
    const { subject, stream } = patient();
    await its.journal.commit([pendingOf(subject, stream, registered('A'))], work());
    const [stored] = await its.store.readStream(stream);
    const keys: KeyReader = await openEmbeddedKeyReader({ folder: its.folder });
    await keys.close();
    const reader = new SealedJournalReader(its.store, keys);
    await expect(reader.open(stored!)).rejects.toMatchObject({ code: 'stopping' });
    await expect(reader.openAll([stored!])).rejects.toMatchObject({ code: 'stopping' });
  });
});

describe('what lies on the disk', () => {
  it('holds neither facts nor resources in the clear', async () => {
    const { subject, stream } = patient();
    const canary = 'Zaunkönig-4711-canary';
    await its.journal.commit([pendingOf(subject, stream, registered(canary))], work());
    const bytes = await allBytes(its.folder);
    expect(bytes.includes(stream)).toBe(true); // the search finds what is there
    expect(bytes.includes(canary)).toBe(false);
    expect(bytes.includes('Zaunk')).toBe(false);
    expect(bytes.includes('resourceType')).toBe(false);
  });
});

describe('a keyed hash', () => {
  it('is the vault’s', () => {
    expect(its.journal.keyedHash('identifier', 'x')).toBe(its.vault.keyedHash('identifier', 'x'));
  });
});

/** What only the log can say. */
function placed({ id, position, recordedAt }: RecordedFact) {
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(position).toBeGreaterThan(0);
  expect(Math.abs(recordedAt - Date.now())).toBeLessThan(60_000);
  return { id, position, recordedAt };
}
