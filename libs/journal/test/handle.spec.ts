import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import {
  accept,
  decideOn,
  Fault,
  handle,
  newId,
  refuse,
  type Actor,
  type Command,
  type CommitsFacts,
  type Decider,
  type PendingFacts,
  type Task,
} from '@anamnesis/kernel';
import type { Journal, Pending, Work } from '../src/index.ts';
import { temporaryJournal, type TemporaryJournal } from './temporary.ts';

/** A shelf takes doses until it is full; an empty delivery is accepted and changes nothing. */
type Put = Command<'Put', { readonly doses: number }>;
type Full = { readonly code: 'ShelfIsFull'; readonly message: string };
const ROOM = 100;
const full: Full = { code: 'ShelfIsFull', message: 'The shelf has no room for so many.' };

const shelf: Decider<Put, number, Full> = {
  initial: 0,
  decide({ body: { doses } }, held) {
    if (held + doses > ROOM) return refuse(full);
    return doses === 0 ? accept() : accept({ type: 'DosesPut', schema: 1, facts: { doses } });
  },
  evolve: (held, { facts }) => held + Number(facts['doses']),
};

const actor: Actor = { id: 'user-1', role: 'pharmacist', purpose: 'TREAT' };
type PutTask = Task<Put, number, Full, Work> & { journal: CommitsFacts<Work>; retries?: number };

let its: TemporaryJournal;
beforeAll(async () => {
  its = await temporaryJournal();
});
afterAll(() => its.remove());

const newStream = (): string => `shelf-${randomUUID()}`;

function put(stream: string, doses: number, more: Partial<PutTask> & { id?: string } = {}): PutTask {
  const { id = newId(), ...rest } = more;
  return {
    journal: its.journal,
    decider: shelf,
    stream,
    command: { type: 'Put', id, at: 0, actor, body: { doses } },
    work: { command: id, actor, correlation: 'request-1' },
    dataClass: 'clinical',
    ...rest,
  };
}

/** The journal, with something that happens before or after its next commits, one for each. */
function meddled(...steps: ((commit: () => Promise<unknown>) => Promise<unknown>)[]): CommitsFacts<Work> {
  return {
    load: (stream) => its.journal.load(stream),
    async commit(pending, work) {
      const commit = () => its.journal.commit(pending, work);
      const step = steps.shift();
      return (await (step ? step(commit) : commit())) as Awaited<ReturnType<Journal['commit']>>;
    },
  };
}

const somebodyPuts = (stream: string, doses: number) => async (commit: () => Promise<unknown>) => {
  await handle(put(stream, doses));
  return commit();
};
const lost = () => new Fault('store-unavailable', 'No answer.', { retryable: true });
const lostBefore = () => Promise.reject(lost());
const lostAfter = async (commit: () => Promise<unknown>) => {
  await commit();
  throw lost();
};

async function held(stream: string): Promise<number[]> {
  return (await its.journal.load(stream)).facts.map(({ facts }) => Number(facts['doses']));
}

describe('handling a command', () => {
  it('appends what was decided and says where it stands', async () => {
    const stream = newStream();
    const done = await handle(put(stream, 5));
    const { facts } = await its.journal.load(stream);
    expect(done).toEqual({
      ok: true,
      facts: [{ type: 'DosesPut', schema: 1, facts: { doses: 5 } }],
      revision: 0,
      position: facts[0]!.position,
      recordedAt: facts[0]!.recordedAt,
      repeated: false,
    });
  });

  it('appends nothing when it is refused', async () => {
    const stream = newStream();
    await handle(put(stream, 90));
    const head = await its.store.head();
    expect(await handle(put(stream, 11))).toEqual({ ok: false, refused: full });
    expect(await its.store.head()).toBe(head);
  });

  it('appends nothing when there is nothing to do', async () => {
    const stream = newStream();
    expect(await handle(put(stream, 0))).toMatchObject({ ok: true, facts: [], revision: 'none', position: 0 });
    const first = await handle(put(stream, 1));
    expect(await handle(put(stream, 0))).toEqual({ ...first, facts: [] });
  });

  it('seals with the subject’s key', async () => {
    const subject = randomUUID();
    const stream = `shelf-${subject}`;
    await handle(put(stream, 1, { subject }));
    expect((await its.journal.load(stream)).facts[0]!.meta).toMatchObject({ subject, dataClass: 'clinical' });
  });
});

describe('the same command again', () => {
  it('appends nothing and gets the first answer, however late, whatever was asked or came since', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30)), fc.nat(30), fc.array(fc.nat(30)), async (before, doses, since) => {
        const stream = newStream();
        for (const other of before) await handle(put(stream, other));
        const id = newId();
        const first = await handle(put(stream, doses + 1, { id }));
        for (const other of since) await handle(put(stream, other));
        const head = await its.store.head();
        const second = await handle(put(stream, doses + 1, { id }));
        if (first.ok) expect(second).toMatchObject({ ...first, repeated: true });
        else expect(second).toEqual(first);
        expect(await its.store.head()).toBe(head);
      }),
      { numRuns: 15 },
    );
  });

  it('at the same moment takes effect once', async () => {
    const stream = newStream();
    const id = newId();
    const answers = await Promise.all(Array.from({ length: 5 }, () => handle(put(stream, 3, { id }))));
    expect(await held(stream)).toEqual([3]);
    for (const answer of answers) expect(answer).toMatchObject({ ok: true, revision: 0 });
  });
});

describe('a conflict', () => {
  it('leads to a new decision on what came in between', async () => {
    const stream = newStream();
    const journal = meddled(somebodyPuts(stream, 60), somebodyPuts(stream, 30));
    expect(await handle(put(stream, 10, { journal }))).toMatchObject({ ok: true, revision: 2 });
    expect(await held(stream)).toEqual([60, 30, 10]);
  });

  it('can turn an acceptance into a refusal', async () => {
    const stream = newStream();
    const journal = meddled(somebodyPuts(stream, 95));
    expect(await handle(put(stream, 10, { journal }))).toEqual({ ok: false, refused: full });
    expect(await held(stream)).toEqual([95]);
  });

  it('that comes back each time ends as a fault', async () => {
    const stream = newStream();
    const journal = meddled(...Array.from({ length: 4 }, () => somebodyPuts(stream, 1)));
    await expect(handle(put(stream, 10, { journal, retries: 3 }))).rejects.toMatchObject({ code: 'conflict-persists' });
    expect(await held(stream)).toEqual([1, 1, 1, 1]);
  });
});

describe('an unknown outcome', () => {
  it('is found out: what took effect is not done again', async () => {
    const stream = newStream();
    const answer = await handle(put(stream, 7, { journal: meddled(lostAfter) }));
    expect(answer).toMatchObject({ ok: true, facts: [{ facts: { doses: 7 } }], revision: 0 });
    expect(await held(stream)).toEqual([7]);
  });

  it('is found out: what did not take effect is done', async () => {
    const stream = newStream();
    expect(await handle(put(stream, 7, { journal: meddled(lostBefore) }))).toMatchObject({ ok: true, repeated: false });
    expect(await held(stream)).toEqual([7]);
  });

  it('that stays unknown is the store’s fault', async () => {
    const journal = meddled(lostBefore, lostBefore, lostBefore);
    await expect(handle(put(newStream(), 7, { journal, retries: 2 }))).rejects.toMatchObject({
      code: 'store-unavailable',
    });
  });

  it.each([
    ['a fault that will not pass', new Fault('store-full', 'Full.')],
    ['a queue that is full', new Fault('overloaded', 'Busy.', { retryable: true })],
    ['a bug', new TypeError('bug')],
  ])('is not what %s leaves: it is thrown at once', async (_, error) => {
    const stream = newStream();
    const journal = meddled(() => Promise.reject(error));
    await expect(handle(put(stream, 7, { journal }))).rejects.toBe(error);
    expect(await held(stream)).toEqual([]);
  });
});

describe('whatever happens on the way', () => {
  it('each command takes effect once or not at all, and no rule is broken', async () => {
    const meddling = fc.array(fc.constantFrom('conflict', 'lostBefore', 'lostAfter', 'nothing'), { maxLength: 3 });
    const asked = fc.record({ command: fc.nat(4), doses: fc.integer({ min: 1, max: 40 }), meddling });
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { maxLength: 8 }), async (asks) => {
        const stream = newStream();
        const ids = Array.from({ length: 5 }, () => newId());
        for (const { command, doses, meddling } of asks) {
          const kinds = { conflict: somebodyPuts(stream, 1), lostBefore, lostAfter, nothing: undefined };
          const journal = meddled(...meddling.flatMap((kind) => kinds[kind] ?? []));
          await handle(put(stream, doses, { id: ids[command]!, journal }));
        }
        const { facts } = await its.journal.load(stream);
        const commands = facts.map(({ meta }) => meta.command);
        expect(new Set(commands).size).toBe(commands.length);
        expect((await held(stream)).reduce((sum, doses) => sum + doses, 0)).toBeLessThanOrEqual(ROOM);
      }),
      { numRuns: 20 },
    );
  });
});

describe('what goes along with a decision', () => {
  const claim = (stream: string, expected: PendingFacts['expected'] = 'none'): Pending => ({
    stream,
    expected,
    facts: [{ type: 'LabelClaimed', schema: 1, facts: {} }],
    dataClass: 'clinical',
  });

  it('stands or falls with it', async () => {
    const [stream, label] = [newStream(), `label-${randomUUID()}`];
    expect(await handle(put(stream, 1, { also: async () => [claim(label)] }))).toMatchObject({ ok: true });
    expect((await its.journal.load(label)).facts).toHaveLength(1);
    const other = newStream();
    await expect(handle(put(other, 1, { also: async () => [claim(label)], retries: 1 }))).rejects.toMatchObject({
      code: 'conflict-persists',
    });
    expect(await held(other)).toEqual([]);
  });

  it('is asked again on each try, with the facts and the state they rest on', async () => {
    const [stream, label] = [newStream(), `label-${randomUUID()}`];
    const seen: unknown[] = [];
    const answer = await handle(
      put(stream, 2, {
        journal: meddled(somebodyPuts(stream, 40)),
        also: async (facts, state) => {
          seen.push([facts.length, state]);
          return [claim(label)];
        },
      }),
    );
    expect(answer.ok).toBe(true);
    expect(seen).toEqual([
      [1, 0],
      [1, 40],
    ]);
  });

  it('can refuse the whole', async () => {
    const stream = newStream();
    expect(await handle(put(stream, 1, { also: async () => ({ refused: full }) }))).toEqual({
      ok: false,
      refused: full,
    });
    expect(await held(stream)).toEqual([]);
  });

  it('is appended also when the stream itself gets nothing, on condition that it stands still', async () => {
    const [stream, label] = [newStream(), `label-${randomUUID()}`];
    await handle(put(stream, 1));
    const journal = meddled(somebodyPuts(stream, 1));
    const tries: number[] = [];
    await handle(
      put(stream, 0, {
        journal,
        also: async (_, state) => {
          tries.push(state);
          return [claim(label)];
        },
      }),
    );
    expect(tries).toEqual([1, 2]);
    expect((await its.journal.load(label)).facts).toHaveLength(1);
  });
});

describe('deciding without committing', () => {
  it('rests on the earlier decisions of the batch, and one commit takes them all', async () => {
    const [stream, other] = [newStream(), newStream()];
    await handle(put(stream, 50));
    const batch = newId();
    const pending: PendingFacts[] = [];
    for (const [at, doses] of [
      [stream, 30],
      [other, 99],
      [stream, 15],
    ] as const) {
      const decided = await decideOn(put(at, doses, { id: batch }), pending);
      if (!decided.ok) throw new Error('refused');
      pending.push(...decided.pending);
    }
    expect(await decideOn(put(stream, 10, { id: batch }), pending)).toEqual({ ok: false, refused: full });
    expect(pending.map(({ expected }) => expected)).toEqual([0, 'none', 1]);
    expect(await held(stream)).toEqual([50]);
    const committed = await its.journal.commit(pending, { command: batch, actor, correlation: 'request-1' });
    expect(committed).toMatchObject({ ok: true });
    expect(await held(stream)).toEqual([50, 30, 15]);
    expect(await held(other)).toEqual([99]);

    const again = await decideOn(put(stream, 30, { id: batch }));
    expect(again).toMatchObject({ ok: true, pending: [], done: { repeated: true, facts: [{}, {}], revision: 2 } });
  });

  it('on a new stream counts from its first event', async () => {
    const stream = newStream();
    const first = await decideOn(put(stream, 1));
    if (!first.ok) throw new Error('refused');
    const second = await decideOn(put(stream, 2), first.pending);
    expect(second).toMatchObject({ ok: true, pending: [{ expected: 0 }] });
  });
});
