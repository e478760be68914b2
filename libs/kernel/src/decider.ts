import type { Actor, Fact, Instant } from './event.ts';

/** A refusal is a value: a fact about the state that forbids what was asked. Its text is a constant. */
export interface Refusal<Code extends string = string> {
  readonly code: Code;
  /** A constant sentence; never carries patient data. */
  readonly message: string;
  /** The FHIRPath expressions of what was wrong in what the client sent, where there are some. */
  readonly expressions?: readonly string[];
}

/** What was asked for, with all that a decision may depend on: deciders know no clock, no randomness, no I/O. */
export interface Command<Type extends string = string, Body = unknown> {
  readonly type: Type;
  /** Unique for each piece of work asked for; the same id again means the same work again. */
  readonly id: string;
  readonly at: Instant;
  readonly actor: Actor;
  readonly body: Body;
}

export type Decision<R extends Refusal = Refusal> = { readonly accepted: readonly Fact[] } | { readonly refused: R };

/** The whole behaviour of one kind of stream, as three pure parts. */
export interface Decider<C extends Command, S, R extends Refusal = Refusal> {
  readonly initial: S;
  decide(command: C, state: S): Decision<R>;
  evolve(state: S, fact: Fact): S;
}

export const accept = (...accepted: Fact[]): Decision<never> => ({ accepted });
export const refuse = <R extends Refusal>(refused: R): Decision<R> => ({ refused });
