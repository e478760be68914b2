import { describe, expect, it } from '@jest/globals';
import { until } from '../src/cluster/until.ts';

const limit = (limitMs: number, signal?: AbortSignal) => ({ limitMs, signal });

describe('waiting', () => {
  it('goes on until there is something, over looks that throw', async () => {
    let looks = 0;
    const found = await until('it', limit(10_000), () => {
      looks += 1;
      if (looks === 1) throw new Error('not there');
      return Promise.resolve(looks > 2 ? 'found' : undefined);
    });
    expect([found, looks]).toEqual(['found', 3]);
  });

  it('says what it waited for and what was in the way', async () => {
    const failing = (): Promise<never> => Promise.reject(new Error('gone'));
    await expect(until('the relay', limit(0), failing)).rejects.toThrow('in vain for the relay: gone');
    const nothing = (): Promise<undefined> => Promise.resolve(undefined);
    await expect(until('the relay', limit(0), nothing)).rejects.toThrow(/in vain for the relay$/);
  });

  it('ends when it is given up', async () => {
    const told = AbortSignal.abort(new Error('told to stop'));
    const nothing = (): Promise<undefined> => Promise.resolve(undefined);
    await expect(until('the relay', limit(60_000, told), nothing)).rejects.toThrow('told to stop');
  });
});
