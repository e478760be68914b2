import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { LaneAdvances } from '../src/mongo/lane-advances.ts';
import type { ModelState } from '../src/mongo/model-state.ts';
import type { Target } from '../src/mongo/pointer.ts';

const TARGET: Target = { live: 1, building: undefined, erasures: 0 };

interface Update {
  readonly reached: Record<string, number>;
  readonly target: Target;
  answer(state: ModelState | undefined): void;
  fail(error: Error): void;
}

function open(): { advances: LaneAdvances; updates: Update[] } {
  const updates: Update[] = [];
  const advances = new LaneAdvances((reached, target) => {
    const { promise, resolve, reject } = Promise.withResolvers<ModelState | undefined>();
    updates.push({ reached: Object.fromEntries(reached), target, answer: resolve, fail: reject });
    return promise;
  });
  return { advances, updates };
}

describe('the progress of lanes', () => {
  it('is one update for all that come at once, and one for those that come while it is under way', async () => {
    const { advances, updates } = open();
    const first = ['a', 'b', 'c'].map((lane, i) => advances.advance(lane, i + 1, TARGET));
    await nextTurn();
    await nextTurn();
    const later = [advances.advance('a', 7, TARGET), advances.advance('d', 8, TARGET)];
    await nextTurn();
    await nextTurn();
    expect(updates.map(({ reached }) => reached)).toEqual([{ a: 1, b: 2, c: 3 }]);
    const state = { version: 5 } as ModelState;
    updates[0]!.answer(state);
    expect(await Promise.all(first)).toEqual([state, state, state]);
    await nextTurn();
    expect(updates[1]!.reached).toEqual({ a: 7, d: 8 });
    updates[1]!.answer(undefined);
    expect(await Promise.all(later)).toEqual([undefined, undefined]);
  });

  it('that was written for different targets is never in one update', async () => {
    const { advances, updates } = open();
    const building = { ...TARGET, building: 2 };
    const done = [advances.advance('a', 1, TARGET), advances.advance('b', 2, building)];
    for (let i = 0; i < 2; i += 1) {
      while (updates.length <= i) await nextTurn();
      updates[i]!.answer(undefined);
    }
    await Promise.all(done);
    expect(updates.map(({ reached, target }) => [reached, target])).toEqual([
      [{ a: 1 }, TARGET],
      [{ b: 2 }, building],
    ]);
  });

  it('that could not be written fails for each lane of it, and for no other', async () => {
    const { advances, updates } = open();
    const lost = [advances.advance('a', 1, TARGET), advances.advance('b', 1, TARGET)];
    while (updates.length === 0) await nextTurn();
    const next = advances.advance('c', 1, TARGET);
    updates[0]!.fail(new Error('gone'));
    expect((await Promise.allSettled(lost)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    while (updates.length === 1) await nextTurn();
    updates[1]!.answer({ version: 1 } as ModelState);
    expect(await next).toEqual({ version: 1 });
  });
});
