import { deepStrictEqual, ok } from 'node:assert/strict';
import {
  handle,
  type Command,
  type Decider,
  type Done,
  type Fact,
  type Refusal,
  type Refused,
} from '@anamnesis/kernel';
import { RememberingJournal } from './remembering-journal.ts';

/** A command, and what had happened before it. */
export interface RetryCase<C extends Command> {
  readonly given: readonly Fact[];
  readonly when: C;
}

type Answer<R extends Refusal> = Done | Refused<R>;

const STREAM = 'tried-00000000-0000-4000-8000-000000000000';
const EARLIER = 'what-was-given';

/**
 * The property that every decider must have, through the kernel's own loop: the same command again appends nothing and
 * gets the first answer, at once, after a lost answer, and after more has happened; the same command decided elsewhere
 * states the same facts. At least one case must be accepted with facts, else nothing was shown. Throws AssertionError.
 */
export async function retrySafe<C extends Command, S, R extends Refusal>(
  decider: Decider<C, S, R>,
  cases: Iterable<RetryCase<C>>,
): Promise<void> {
  let shown = 0;
  for (const each of cases) {
    const answer = await again(decider, each);
    if (answer.ok && answer.facts.length > 0) {
      await afterLostAnswer(decider, each, answer);
      shown += 1;
    }
  }
  ok(shown > 0, 'no case was accepted with facts: nothing was shown');
}

async function again<C extends Command, S, R extends Refusal>(
  decider: Decider<C, S, R>,
  each: RetryCase<C>,
): Promise<Answer<R>> {
  const journal = await journalWith(each);
  const first = await handled(decider, journal, each.when);
  const appended = journal.appended;

  const second = await handled(decider, journal, each.when);
  deepStrictEqual(journal.appended, appended, 'the same command appended again');
  deepStrictEqual(plain(second), plain(first), 'the same command got another answer');

  if (first.ok && first.facts.length > 0) {
    // What happens in between may forbid the command by now: it was accepted all the same.
    await append(journal, first.facts, 'somebody-else');
    const late = await handled(decider, journal, each.when);
    deepStrictEqual(journal.appended, appended + first.facts.length, 'the same command, late, appended again');
    deepStrictEqual(plain(late), plain(first), 'the same command, late, got another answer');
  }

  const elsewhere = await handled(decider, await journalWith(each), each.when);
  deepStrictEqual(plain(elsewhere), plain(first), 'the same command was decided otherwise elsewhere');
  return first;
}

async function afterLostAnswer<C extends Command, S, R extends Refusal>(
  decider: Decider<C, S, R>,
  each: RetryCase<C>,
  first: Answer<R>,
): Promise<void> {
  const journal = await journalWith(each);
  journal.loseNextAnswer();
  const answer = await handled(decider, journal, each.when);
  deepStrictEqual(plain(answer), plain(first), 'the command got another answer after the first was lost');
  const expected = each.given.length + (first.ok ? first.facts.length : 0);
  deepStrictEqual(journal.appended, expected, 'the command was appended again after its answer was lost');
}

/** The answer without what tells a first from a repeated one, and without what the log added to its facts. */
function plain<R extends Refusal>(answer: Answer<R>): unknown {
  if (!answer.ok) return answer;
  const facts = answer.facts.map(({ type, schema, facts, resource }) => ({ type, schema, facts, resource }));
  return { ...answer, facts: JSON.parse(JSON.stringify(facts)) as unknown, repeated: undefined };
}

async function journalWith<C extends Command>({ given, when }: RetryCase<C>): Promise<RememberingJournal> {
  const journal = new RememberingJournal();
  ok(when.id !== EARLIER && when.id !== 'somebody-else', 'the command needs an id of its own');
  await append(journal, given, EARLIER);
  return journal;
}

async function append(journal: RememberingJournal, facts: readonly Fact[], command: string): Promise<void> {
  if (facts.length === 0) return;
  const actor = { id: command, role: 'integration', purpose: 'TREAT' };
  await journal.commit([{ stream: STREAM, expected: 'any', facts, dataClass: 'clinical' }], { command, actor });
}

function handled<C extends Command, S, R extends Refusal>(
  decider: Decider<C, S, R>,
  journal: RememberingJournal,
  command: C,
): Promise<Answer<R>> {
  const work = { command: command.id, actor: command.actor };
  return handle({ journal, decider, stream: STREAM, command, work, dataClass: 'clinical' });
}
