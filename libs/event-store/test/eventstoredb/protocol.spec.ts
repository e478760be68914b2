import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@anamnesis/kernel';
import type { StoredEvent, StreamWrite } from '@anamnesis/event-store';
import { sample, samples, streamOf, until } from '@anamnesis/event-store/contract';
import { appendWrites } from '../../src/eventstoredb/append-protocol.ts';
import { appendRequest } from '../../src/eventstoredb/append-request.ts';
import type { Conflict, Done } from '../../src/eventstoredb/judge.ts';
import { RawStore } from '../../src/eventstoredb/raw-store.ts';
import { drive, type Step } from '../../src/eventstoredb/step.ts';
import { Tails } from '../../src/eventstoredb/tails.ts';
import { openEventStoreDb, type OpenedEventStoreDb } from './open-event-store-db.ts';

/** Ends a committer for good. */
class Killed extends Error {}

/** All intents stand, and the record that makes them count is next. */
function isCommit(step: Step): boolean {
  return step.kind === 'decide' && step.listing !== undefined;
}

describe('a batch whose committer stops', () => {
  let opened: OpenedEventStoreDb;
  let raw: RawStore;
  beforeAll(async () => {
    opened = await openEventStoreDb({ patienceMs: 0 });
    raw = new RawStore({ connectionString: opened.server.url, patienceMs: 0 });
  });
  afterAll(async () => {
    await raw.close();
    await opened.cleanup();
  });

  /** The steps of a commit by another process; `before` is asked before each, by its number. */
  async function commit(
    writes: readonly StreamWrite[],
    before: (number: number, step: Step) => Promise<void> | void,
  ): Promise<Done | Conflict> {
    let steps = 0;
    const perform = async (step: Step): Promise<unknown> => {
      if (step.kind !== 'together') {
        await before(steps++, step);
        return raw.perform(step);
      }
      const answers: unknown[] = [];
      for (const one of step.steps) answers.push(await perform(one));
      return answers;
    };
    return drive(appendWrites(appendRequest(writes), { tails: new Tails(10), newBatch: newId }), perform);
  }

  /** Stops before such a step, and every later one fails as well, the clearing up too. Answers whether it came so far. */
  async function killedBefore(
    last: (number: number, step: Step) => boolean,
    writes: readonly StreamWrite[],
  ): Promise<boolean> {
    let killed = false;
    const stop = (number: number, step: Step): void => {
      killed ||= last(number, step);
      if (killed) throw new Killed();
    };
    return commit(writes, stop).then(
      () => false,
      (error: unknown) => {
        if (error instanceof Killed) return true;
        throw error;
      },
    );
  }

  const batch = (): StreamWrite[] => [
    { stream: streamOf(), expected: 'none', events: samples(2) },
    { stream: streamOf(), expected: 'any', events: samples(1) },
    { stream: streamOf('ward'), expected: 'none', events: [] },
  ];

  it('is there whole or not at all, wherever it stopped, and a repeat stores it once', async () => {
    let stopped = 0;
    const seen: StoredEvent[] = [];
    const subscription = opened.store.subscribe(
      { from: await opened.store.head() },
      async (all) => void seen.push(...all),
    );
    const wanted: string[] = [];
    for (;;) {
      const writes = batch();
      const ids = writes.flatMap(({ events }) => events.map(({ id }) => id));
      wanted.push(...ids);
      const killed = await killedBefore((number) => number >= stopped, writes);
      const there = (await Promise.all(writes.map(({ stream }) => opened.store.readStream(stream)))).flat();
      expect([0, ids.length]).toContain(there.length);
      const again = await opened.store.appendAll(writes);
      expect(again).toMatchObject({ ok: true });
      const stored = (await Promise.all(writes.map(({ stream }) => opened.store.readStream(stream)))).flat();
      expect(stored.map(({ id }) => id)).toEqual(ids);
      if (there.length > 0) expect(stored).toEqual(there);
      if (!killed) break;
      stopped += 1;
    }
    expect(stopped).toBeGreaterThanOrEqual(6);
    await until(() => seen.length >= wanted.length);
    await subscription.stop();
    expect(seen.map(({ id }) => id)).toEqual(wanted);
  });

  it('is aborted by whoever wants its streams; woken up it sees that and begins anew', async () => {
    const writes = batch();
    const [first] = writes;
    const rival = sample();
    let woken = false;
    const result = await commit(writes, async (_, step) => {
      if (!isCommit(step) || woken) return;
      woken = true;
      // All intents stand, and the commit record would be next.
      expect(await opened.store.readStream(first!.stream)).toEqual([]);
      const beside = { stream: writes[1]!.stream, expected: 'any' as const, events: [rival] };
      expect(await opened.store.append(beside)).toMatchObject({ ok: true });
    });
    expect(woken).toBe(true);
    expect(result).toMatchObject({ revisions: [3, 2, -1] });
    const second = await opened.store.readStream(writes[1]!.stream);
    expect(second.map(({ id }) => id)).toEqual([rival.id, writes[1]!.events[0]!.id]);
    expect(await opened.store.readStream(first!.stream)).toHaveLength(2);
  });

  it('leaves gaps in revisions when it was aborted, which expectations, repeats and reads stand', async () => {
    const writes = batch();
    const [{ stream }] = writes as [StreamWrite];
    await killedBefore((_, step) => isCommit(step), writes);
    const once = { stream, expected: 'none' as const, events: samples(2) };
    const first = await opened.store.append(once);
    expect(first).toMatchObject({ ok: true, revisions: [3] });
    expect(await opened.store.append(once)).toEqual(first);
    await killedBefore((_, step) => isCommit(step), [{ stream, expected: 3, events: samples(1) }, ...batch()]);
    const [a, b] = [samples(1), samples(2)];
    const twice: StreamWrite[] = [
      { stream, expected: 3, events: a },
      // Counted on from what the batch found, whatever numbers the events get.
      { stream, expected: 4, events: b },
      { stream: streamOf(), expected: 'none', events: samples(1) },
    ];
    // The store does not know yet that somebody has been here: its first attempt is one more that is aborted.
    const result = await opened.store.appendAll(twice);
    expect(result).toMatchObject({ ok: true, revisions: [5, 7, 1] });
    expect(await opened.store.appendAll(twice)).toEqual(result);
    const stored = await opened.store.readStream(stream);
    expect(stored.map(({ revision }) => revision)).toEqual([2, 3, 5, 6, 7]);
    expect(await opened.store.readStream(stream, { direction: 'backwards' })).toEqual(stored.toReversed());
    expect(await opened.store.readStream(stream, { from: 4, limit: 1 })).toEqual([stored[2]]);
  });

  it('is handed over whole to a subscriber that resumed between its intents and its commit', async () => {
    const writes = batch();
    let resumed: Promise<void> | undefined;
    const seen: StoredEvent[] = [];
    await commit(writes, async (_, step) => {
      if (!isCommit(step)) return;
      // A record between the intents and the commit, to resume from.
      const { position } = (await opened.store.append({
        stream: streamOf(),
        expected: 'none',
        events: samples(1),
      })) as unknown as { position: number };
      const subscription = opened.store.subscribe({ from: position }, async (all) => void seen.push(...all));
      resumed = until(() => seen.length >= 3).then(() => subscription.stop());
    });
    await resumed;
    expect(seen.map(({ id }) => id)).toEqual(writes.flatMap(({ events }) => events.map(({ id }) => id)));
    expect(seen).toEqual(await opened.store.readAll({ from: seen[0]!.position - 1 }));
  });

  it('is taken up in its middle by position, both ways and by a subscription', async () => {
    const writes = [1, 2, 3].map(() => ({ stream: streamOf(), expected: 'none' as const, events: samples(2) }));
    await opened.store.appendAll(writes);
    const all = (await opened.store.readAll({ direction: 'backwards', limit: 6 })).toReversed();
    const { position } = all[2]!;
    expect(await opened.store.readAll({ from: position })).toEqual(all.slice(3));
    expect(await opened.store.readAll({ from: position, direction: 'backwards', limit: 2 })).toEqual([all[1], all[0]]);
    expect(await opened.store.readPositions([all[4]!.position, 1, all[0]!.position])).toEqual([all[4], all[0]]);
    const seen: StoredEvent[] = [];
    const subscription = opened.store.subscribe(
      { from: position, batchSize: 2 },
      async (some) => void seen.push(...some),
    );
    await until(() => seen.length >= 3);
    await subscription.stop();
    expect(seen).toEqual(all.slice(3));
  });

  it('yields to rivals in other processes: one of them wins, none leaves a part', async () => {
    const others = await Promise.all([opened.open({ patienceMs: 500 }), opened.open({ patienceMs: 500 })]);
    const [left, right] = [streamOf(), streamOf()];
    const rivals = Array.from({ length: 8 }, (_, i) => {
      const writes = [left, right].map((stream) => ({ stream, expected: 'none' as const, events: samples(1) }));
      return i % 2 === 0 ? writes : writes.toReversed();
    });
    const results = await Promise.all(rivals.map((writes, i) => others[i % 2]!.appendAll(writes)));
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    const winner = rivals[results.findIndex(({ ok }) => ok)]!;
    for (const { stream, events } of winner) {
      expect((await opened.store.readStream(stream)).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    }
  });
});
