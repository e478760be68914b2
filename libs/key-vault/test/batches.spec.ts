import { describe, expect, it } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import { Batches } from '../src/batches.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Batches whose work ends when it is told to. */
function held(limits: { size: number; atOnce: number; waiting: number }) {
  const started: (readonly number[])[] = [];
  const ends: ((fault?: Error) => void)[] = [];
  const batches = new Batches<number, number>((items) => {
    started.push(items);
    return new Promise((resolve, reject) => {
      ends.push((fault) => (fault ? reject(fault) : resolve(items.map((item) => item * 10))));
    });
  }, limits);
  return { batches, started, ends };
}

describe('batches', () => {
  it('carry what is asked in one turn together, and what comes meanwhile in the next', async () => {
    const { batches, started, ends } = held({ size: 10, atOnce: 1, waiting: 100 });
    const first = [1, 2, 3].map((item) => batches.run(item));
    await turn();
    const next = [4, 5].map((item) => batches.run(item));
    await turn();
    expect(started).toEqual([[1, 2, 3]]);
    ends[0]!();
    expect(await Promise.all(first)).toEqual([10, 20, 30]);
    expect(started).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
    ends[1]!();
    expect(await Promise.all(next)).toEqual([40, 50]);
  });

  it('are no longer and no more at once than they may be', async () => {
    const { batches, started, ends } = held({ size: 2, atOnce: 2, waiting: 100 });
    const all = [1, 2, 3, 4, 5].map((item) => batches.run(item));
    await turn();
    expect(started).toEqual([
      [1, 2],
      [3, 4],
    ]);
    ends[1]!();
    await turn();
    expect(started[2]).toEqual([5]);
    for (const end of ends) end();
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40, 50]);
  });

  it('refuse more than may wait, and take more when some are through', async () => {
    const { batches, ends } = held({ size: 5, atOnce: 1, waiting: 2 });
    const taken = [1, 2].map((item) => batches.run(item));
    await expect(batches.run(3)).rejects.toMatchObject({ code: 'overloaded', retryable: true });
    ends[0]!();
    await Promise.all(taken);
    const later = batches.run(4);
    await turn();
    ends[1]!();
    expect(await later).toBe(40);
  });

  it('reject one call alone for a fault among the answers, and all of a batch that fails', async () => {
    const single = new Batches<number, number>(
      async (items) => items.map((item) => (item === 2 ? new Fault('vault-key-wrong', 'wrong') : item)),
      { size: 5, atOnce: 1, waiting: 5 },
    );
    const settled = await Promise.allSettled([1, 2, 3].map((item) => single.run(item)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);

    const { batches, ends } = held({ size: 5, atOnce: 1, waiting: 5 });
    const both = Promise.allSettled([batches.run(1), batches.run(2)]);
    await turn();
    ends[0]!(new Error('down'));
    expect(await both).toMatchObject([{ reason: { message: 'down' } }, { reason: { message: 'down' } }]);
    const after = batches.run(3);
    await turn();
    ends[1]!();
    expect(await after).toBe(30);
  });

  it('are idle when nothing is on its way', async () => {
    const { batches, ends } = held({ size: 5, atOnce: 1, waiting: 5 });
    await batches.idle();
    const asked = batches.run(1);
    let idle = false;
    const ended = batches.idle().then(() => (idle = true));
    await turn();
    expect(idle).toBe(false);
    ends[0]!();
    await asked;
    await ended;
    expect(idle).toBe(true);
  });
});
