import { Fault } from '@anamnesis/kernel';
import type { Protocol, Step } from '../../../src/eventstoredb/step.ts';
import { World, type Act } from './world.ts';

/** How a thread of the model ended. */
export type Ending = { readonly result: unknown } | { readonly fault: unknown } | 'crashed';

/** What can happen next: a thread's act, an act whose answer is lost, a call that never arrives, the thread's end. */
interface Choice {
  readonly thread: number;
  readonly act: number;
  readonly how: 'done' | 'answer-lost' | 'not-arrived' | 'crash';
}

export interface Model {
  /** Fresh protocols, the same every time. */
  start(): Protocol<unknown>[];
  /** Acts that precede everything. */
  prepare?(world: World): void;
  /** How many threads may stop for ever at any point. */
  readonly crashes: number;
  /** How many calls may fail, with or without effect. */
  readonly faults: number;
  /** Throws when the end is wrong. */
  check(world: World, endings: readonly Ending[]): void;
}

/** Runs one thread up to its next acts. */
class Thread {
  ending: Ending | undefined;
  acts: { readonly act: Act | undefined; answer?: unknown; done: boolean }[] = [];
  /** The answers to the steps that are done. */
  readonly #heard: string[] = [];
  readonly #protocol: Protocol<unknown>;
  #single = true;

  constructor(protocol: Protocol<unknown>) {
    this.#protocol = protocol;
    this.#go(() => protocol.next());
  }

  answer(index: number, answer: unknown): void {
    const one = this.acts[index]!;
    one.answer = answer;
    one.done = true;
    if (this.acts.every(({ done }) => done)) this.#next();
  }

  /** All that what it does next depends on. */
  get state(): unknown {
    if (this.ending !== undefined) return spoken(this.ending);
    return [...this.#heard, ...this.acts.map(({ answer, done }) => done && spoken(answer))];
  }

  fail(index: number): void {
    this.#heard.push(`${index} failed`);
    this.#go(() => this.#protocol.throw(new Fault('store-unavailable', 'Lost.', { retryable: true })));
  }

  crash(): void {
    this.ending = 'crashed';
    this.acts = [];
  }

  #next(): void {
    const answers = this.acts.map(({ answer }) => answer);
    this.#heard.push(spoken(answers));
    this.#go(() => this.#protocol.next(this.#single ? answers[0] : answers));
  }

  #go(move: () => IteratorResult<Step, unknown>): void {
    this.acts = [];
    try {
      const step = move();
      if (step.done === true) {
        this.ending = { result: step.value };
        return;
      }
      this.#single = step.value.kind !== 'together';
      const steps = step.value.kind === 'together' ? step.value.steps : [step.value];
      this.acts = steps.map(actOf);
      if (this.acts.every(({ done }) => done)) this.#next();
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      this.ending = { fault };
    }
  }
}

export interface Explored {
  readonly states: number;
  readonly ends: number;
}

/** Visits every state that the threads can come to in any order of their acts, and checks every end. */
export function explore(model: Model): Explored {
  const seen = new Set<string>();
  let ends = 0;
  const pending: Choice[][] = [[]];
  for (let path = pending.pop(); path; path = pending.pop()) {
    const { world, threads } = replay(model, path);
    const state = JSON.stringify([world.fingerprint(), threads.map((thread) => thread.state)]);
    if (seen.has(state)) continue;
    seen.add(state);
    const choices = choicesOf(model, threads, path);
    if (threads.every(({ ending }) => ending !== undefined)) {
      ends += 1;
      model.check(
        world,
        threads.map(({ ending }) => ending!),
      );
      continue;
    }
    for (const choice of choices) pending.push([...path, choice]);
  }
  return { states: seen.size, ends };
}

function replay(model: Model, path: readonly Choice[]): { world: World; threads: Thread[] } {
  const world = new World();
  model.prepare?.(world);
  const threads = model.start().map((protocol) => new Thread(protocol));
  for (const { thread: index, act, how } of path) {
    const thread = threads[index]!;
    if (how === 'crash') thread.crash();
    else if (how === 'not-arrived') thread.fail(act);
    else {
      const answer = world.perform(thread.acts[act]!.act!);
      if (how === 'done') thread.answer(act, answer);
      else thread.fail(act);
    }
  }
  return { world, threads };
}

function choicesOf(model: Model, threads: readonly Thread[], path: readonly Choice[]): Choice[] {
  const crashes = path.filter(({ how }) => how === 'crash').length;
  const faults = path.filter(({ how }) => how === 'answer-lost' || how === 'not-arrived').length;
  return threads.flatMap(({ acts, ending }, thread) => {
    if (ending !== undefined) return [];
    const choices: Choice[] = crashes < model.crashes ? [{ thread, act: 0, how: 'crash' }] : [];
    for (const [act, one] of acts.entries()) {
      if (one.done) continue;
      choices.push({ thread, act, how: 'done' });
      if (faults >= model.faults) continue;
      choices.push({ thread, act, how: 'not-arrived' });
      if (one.act?.kind === 'append' || one.act?.kind === 'decide') choices.push({ thread, act, how: 'answer-lost' });
    }
    return choices;
  });
}

/** Waiting is no act of the store; nobody is ever patient, which is the worst case. */
function actOf(step: Step): Thread['acts'][number] {
  if (step.kind === 'together') throw new Error('Only acts of the store run side by side.');
  if (step.kind === 'wait') return { act: undefined, answer: step.why === 'contended', done: true };
  return { act: step, done: false };
}

/** An answer as far as a thread can act on it: not where in the log it stands. */
function spoken(answer: unknown): string {
  const placeless = (key: string, value: unknown): unknown =>
    key === 'commit' || key === 'position' || key === 'data' ? undefined : value;
  return JSON.stringify(answer, placeless) ?? '';
}
