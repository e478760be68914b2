import { deepStrictEqual, fail } from 'node:assert/strict';
import type { Command, Decider, Decision, Fact, Refusal } from '@anamnesis/kernel';

/** What a test says of the outcome; each of these throws an AssertionError when the decision was another. */
export interface Outcome<R extends Refusal> {
  /** Exactly these facts, in this order; none given: accepted, and nothing happened. */
  then(...facts: readonly Fact[]): void;
  /** Refused with this code; with these expressions, where they are given. */
  thenRefused(code: R['code'], ...expressions: readonly string[]): void;
}

export interface Story<C extends Command, R extends Refusal> {
  when(command: C): Outcome<R>;
}

/**
 * Specifications of a decider as sentences: `given(orderPlaced(), orderHeld()).when(administer()).thenRefused('OrderIsHeld')`.
 *
 * It is strict, so that a loose check cannot pass: facts are compared whole and in order; what is decided must survive
 * being stored as JSON; nothing may be changed in place (state, facts and command are frozen); the same decision is
 * asked for twice and must be the same; a sentence left without its `then` fails the test run.
 */
export function specify<C extends Command, S, R extends Refusal>(
  decider: Decider<C, S, R>,
): (...facts: readonly Fact[]) => Story<C, R> {
  return (...facts) => ({
    when: (command) => {
      const decision = decideTwice(decider, facts, command);
      const finish = sentence();
      return {
        then: (...expected) => {
          finish();
          if ('refused' in decision) fail(`refused with ${decision.refused.code}, where facts were expected`);
          deepStrictEqual(decision.accepted, expected.map(stored));
        },
        thenRefused: (code, ...expressions) => {
          finish();
          if ('accepted' in decision) fail(`accepted ${named(decision.accepted)}, where ${code} was expected`);
          deepStrictEqual(decision.refused.code, code);
          if (expressions.length > 0) deepStrictEqual(decision.refused.expressions, expressions);
        },
      };
    },
  });
}

/** The state that the facts fold to, frozen whole. */
export function folded<C extends Command, S, R extends Refusal>(decider: Decider<C, S, R>, facts: readonly Fact[]): S {
  return facts.reduce((state, fact) => frozen(decider.evolve(state, frozen(stored(fact)))), frozen(decider.initial));
}

function decideTwice<C extends Command, S, R extends Refusal>(
  decider: Decider<C, S, R>,
  facts: readonly Fact[],
  command: C,
): Decision<R> {
  const decide = (): Decision<R> => decider.decide(frozen(command), folded(decider, facts));
  const decision = decide();
  deepStrictEqual(decide(), decision, 'the same command on the same state was decided in two ways');
  if ('accepted' in decision) {
    deepStrictEqual(decision.accepted.map(stored), [...decision.accepted], 'a fact does not survive being stored');
    // What is accepted must fold: a fact that `evolve` cannot take would make the stream unreadable.
    folded(decider, [...facts, ...decision.accepted]);
  }
  return decision;
}

/** The fact as the log gives it back. */
function stored(fact: Fact): Fact {
  return JSON.parse(JSON.stringify(fact)) as Fact;
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) frozen(part);
  return value;
}

/** A sentence must come to its end in the same turn: else an error nobody catches fails the run. */
function sentence(): () => void {
  let finished = false;
  const unfinished = new Error('given(...).when(...) stands without then(...) or thenRefused(...)');
  queueMicrotask(() => {
    if (!finished) throw unfinished;
  });
  return () => {
    finished = true;
  };
}

function named(facts: readonly Fact[]): string {
  return facts.length === 0 ? 'nothing to do' : facts.map((fact) => fact.type).join(', ');
}
