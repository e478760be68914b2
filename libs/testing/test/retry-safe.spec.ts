import { describe, expect, it } from '@jest/globals';
import { accept, refuse, type Command, type Decider, type Fact, type Refusal } from '@anamnesis/kernel';
import { retrySafe, type RetryCase } from '../src/index.ts';

type Draw = Command<'Draw', { amount: number }>;
type Purse = { left: number };
const drawn = (amount: number, more: object = {}): Fact => ({ type: 'Drawn', schema: 1, facts: { amount, ...more } });
const draw = (amount: number, id = 'd1'): Draw => ({
  type: 'Draw',
  id,
  at: 0,
  actor: { id: 'a', role: 'biller', purpose: 'HPAYMT' },
  body: { amount },
});

const purse: Decider<Draw, Purse, Refusal<'Empty'>> = {
  initial: { left: 10 },
  decide: ({ body }, { left }) =>
    body.amount > left
      ? refuse({ code: 'Empty', message: 'The purse is empty.' })
      : body.amount === 0
        ? accept()
        : accept(drawn(body.amount)),
  evolve: ({ left }, fact) => ({ left: left - Number(fact.facts['amount']) }),
};
const cases: readonly RetryCase<Draw>[] = [
  { given: [], when: draw(7) }, // a second 7 would be refused: the first answer must come again
  { given: [drawn(5)], when: draw(6) },
  { given: [], when: draw(0) },
];

describe('retrySafe', () => {
  it('passes for a decider that decides by command and state alone', async () => {
    await retrySafe(purse, cases);
  });

  it('fails when no case is accepted with facts', async () => {
    await expect(retrySafe(purse, [])).rejects.toThrow('nothing was shown');
    await expect(retrySafe(purse, cases.slice(1))).rejects.toThrow('nothing was shown');
  });

  it('fails for a decider that draws on chance', async () => {
    const chancy = { ...purse, decide: () => accept(drawn(1, { ticket: Math.random() })) };
    await expect(retrySafe(chancy, cases)).rejects.toThrow('otherwise elsewhere');
  });

  it('fails for a decider that remembers what it decided', async () => {
    let times = 0;
    const counting = { ...purse, decide: () => accept(drawn((times += 1))) };
    await expect(retrySafe(counting, cases)).rejects.toThrow('otherwise elsewhere');
  });

  it('fails for a refusal that changes', async () => {
    let times = 0;
    const moody = { ...purse, decide: () => refuse({ code: 'Empty' as const, message: String((times += 1)) }) };
    await expect(retrySafe(moody, cases)).rejects.toThrow('another answer');
  });

  it('asks for commands with ids of their own', async () => {
    await expect(retrySafe(purse, [{ given: [], when: draw(1, 'somebody-else') }])).rejects.toThrow('id of its own');
  });
});
