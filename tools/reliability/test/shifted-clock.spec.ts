import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { describe, expect, it } from '@jest/globals';

const CLOCK = new URL('../src/cluster/shifted-clock.ts', import.meta.url).href;
/** Prints both ways to ask for the time, once at its start and once after each signal. */
const PROGRAM = `
  const tell = () => console.log(JSON.stringify([Date.now(), new Date().getTime(), new Date(5).getTime()]));
  process.on('SIGUSR2', tell);
  tell();
  setInterval(() => undefined, 60_000);
`;
const MINUTE = 60_000;

describe('the shifted clock', () => {
  it('goes a minute ahead and back by signals', async () => {
    const child = spawn(process.execPath, [`--import=${CLOCK}`, '--eval', PROGRAM], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const ahead = async (): Promise<number[]> => {
        const [now, fresh, given] = JSON.parse((await lines.next()).value as string) as [number, number, number];
        expect(given).toBe(5);
        return [now, fresh].map((time) => Math.floor((time - Date.now() + MINUTE / 2) / MINUTE));
      };
      expect(await ahead()).toEqual([0, 0]);
      child.kill('SIGUSR2');
      expect(await ahead()).toEqual([1, 1]);
      child.kill('SIGUSR2');
      expect(await ahead()).toEqual([0, 0]);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
});
