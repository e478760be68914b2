import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Position } from '@anamnesis/kernel';
import type { ModelState } from './model-state.ts';
import type { Target } from './pointer.ts';

type Send = (reached: ReadonlyMap<string, Position>, target: Target) => Promise<ModelState | undefined>;

interface Group {
  readonly reached: Map<string, Position>;
  readonly answer: Promise<ModelState | undefined>;
}

/**
 * Progress of several lanes in one update, as a log commits for many writers at once: while one update is under way,
 * the lanes that come wait for the next one, together. A watermark moves every quiet lane, after each write to any of
 * them; each with an update of its own, made durable, the database would do little else.
 */
export class LaneAdvances {
  readonly #send: Send;
  readonly #groups = new Map<string, Group>();
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(send: Send) {
    this.#send = send;
  }

  /** What the update answered that carried it. Lanes that were written for different targets never share one. */
  advance(lane: string, through: Position, target: Target): Promise<ModelState | undefined> {
    const key = `${target.live} ${target.building ?? '-'} ${target.erasures}`;
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = this.#gather(key, target)));
    group.reached.set(lane, Math.max(through, group.reached.get(lane) ?? 0));
    return group.answer;
  }

  #gather(key: string, target: Target): Group {
    const reached = new Map<string, Position>();
    const before = this.#underWay;
    const answer = (async () => {
      await Promise.all([before, nextTurn()]);
      this.#groups.delete(key);
      return this.#send(reached, target);
    })();
    this.#underWay = answer.catch(() => undefined);
    return { reached, answer };
  }
}
