/**
 * What the protocol asks of EventStoreDB, one step at a time. The protocol itself is generators that yield steps:
 * the adapter performs them over the network, and a model checker performs them in memory in every possible order.
 */
import type { Revision } from '@anamnesis/kernel';
import type { Listing, Outcome, RawNewEvent, RawPage } from './raw.ts';

export type Step =
  /** A page of a stream, newest first, from a raw revision (inclusive) or from the end. Answers `RawPage`. */
  | { readonly kind: 'backwards'; readonly stream: string; readonly from: Revision | undefined; readonly limit: number }
  /** A page of a stream in its order. Answers `RawPage`. */
  | { readonly kind: 'forwards'; readonly stream: string; readonly from: Revision; readonly limit: number }
  /** Puts the events just above the raw revision `tail`. Answers whether that was the tail. */
  | {
      readonly kind: 'append';
      readonly stream: string;
      readonly tail: Revision;
      readonly events: readonly RawNewEvent[];
    }
  /** How a batch ended. Answers `Outcome`, or undefined while it is open. */
  | { readonly kind: 'outcome'; readonly batch: string }
  /**
   * Enters a decision where none stands: a listing commits the batch, none aborts it. Answers nothing: what counts is
   * what stands there afterwards.
   */
  | { readonly kind: 'decide'; readonly batch: string; readonly listing: Listing | undefined }
  /** Lets others go first. Answers false when there was enough of it. */
  | { readonly kind: 'wait'; readonly why: Waiting; readonly turn: number }
  /** Independent steps at the same time. Answers an array, in their order, when all are done. */
  | { readonly kind: 'together'; readonly steps: readonly Step[] };

/** For the outcome of a batch over so many streams, or for a stream that others append to as well. */
export type Waiting = { readonly undecidedOver: number } | 'contended';

export type Protocol<T> = Generator<Step, T, unknown>;

export function* backwards(stream: string, from: Revision | undefined, limit: number): Protocol<RawPage> {
  return (yield { kind: 'backwards', stream, from, limit }) as RawPage;
}

export function* forwards(stream: string, from: Revision, limit: number): Protocol<RawPage> {
  return (yield { kind: 'forwards', stream, from, limit }) as RawPage;
}

export function* append(stream: string, tail: Revision, events: readonly RawNewEvent[]): Protocol<boolean> {
  return (yield { kind: 'append', stream, tail, events }) as boolean;
}

export function* outcomeOf(batch: string): Protocol<Outcome | undefined> {
  return (yield { kind: 'outcome', batch }) as Outcome | undefined;
}

export function* decide(batch: string, listing: Listing | undefined): Protocol<void> {
  yield { kind: 'decide', batch, listing };
}

export function* wait(why: Waiting, turn: number): Protocol<boolean> {
  return (yield { kind: 'wait', why, turn }) as boolean;
}

/** Runs protocols side by side, each round of steps at the same time, and answers what each of them returned. */
export function* alongside<T>(protocols: readonly Protocol<T>[]): Protocol<T[]> {
  const results: T[] = [];
  let running = protocols.map((protocol, index) => ({ protocol, index, step: protocol.next() }));
  for (;;) {
    for (const { index, step } of running) if (step.done === true) results[index] = step.value;
    running = running.filter(({ step }) => step.done !== true);
    if (running.length === 0) return results;
    const steps = running.map(({ step }) => step.value as Step);
    const answers = (steps.length === 1 ? [yield steps[0]!] : yield { kind: 'together', steps }) as unknown[];
    for (const [i, one] of running.entries()) one.step = one.protocol.next(answers[i]);
  }
}

/** Performs a protocol's steps until it returns; what a step throws is thrown into the protocol. */
export async function drive<T>(protocol: Protocol<T>, perform: (step: Step) => Promise<unknown>): Promise<T> {
  let step = protocol.next();
  while (step.done !== true) {
    let answer: unknown;
    try {
      answer = await perform(step.value);
    } catch (error) {
      step = protocol.throw(error);
      continue;
    }
    step = protocol.next(answer);
  }
  return step.value;
}
