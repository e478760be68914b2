import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installed, type Installation } from '../src/engines/cache.ts';

const cache = mkdtempSync(join(tmpdir(), 'anamnesis-cache-'));
const before = process.env['ANAMNESIS_ENGINES_CACHE'];
beforeAll(() => {
  process.env['ANAMNESIS_ENGINES_CACHE'] = cache;
});
afterAll(() => {
  if (before === undefined) delete process.env['ANAMNESIS_ENGINES_CACHE'];
  else process.env['ANAMNESIS_ENGINES_CACHE'] = before;
  rmSync(cache, { recursive: true });
});

const quiet = (): void => undefined;

function engine(name: string, pins: unknown, fetched: string[], fails = false): Installation {
  return {
    name,
    pins,
    install: async (folder) => {
      writeFileSync(join(folder, 'program'), `${fetched.length}`);
      fetched.push(folder);
      if (fails) throw new Error('the registry went away');
    },
  };
}

describe('the cache of engines', () => {
  it('fetches once, and keeps', async () => {
    const fetched: string[] = [];
    const folder = await installed(engine('one', 'v1', fetched), quiet);
    expect(await installed(engine('one', 'v1', fetched), quiet)).toBe(folder);
    expect(fetched).toEqual([folder]);
  });

  it('fetches another version beside the first, which may be running', async () => {
    const fetched: string[] = [];
    const first = await installed(engine('two', 'v1', fetched), quiet);
    const second = await installed(engine('two', 'v2', fetched), quiet);
    expect(second).not.toBe(first);
    expect(readFileSync(join(first, 'program'), 'utf8')).toBe('0');
  });

  it('begins anew after a fetch that was cut off', async () => {
    const fetched: string[] = [];
    await expect(installed(engine('three', 'v1', fetched, true), quiet)).rejects.toThrow('went away');
    const folder = await installed(engine('three', 'v1', fetched), quiet);
    expect(readFileSync(join(folder, 'program'), 'utf8')).toBe('1');
  });

  it('has one process fetch while the others wait, even when one of them dies', async () => {
    const place = join(cache, 'fetches');
    writeFileSync(place, '');
    const child = (dies: boolean): Promise<number | null> => {
      const module = new URL('../src/engines/cache.ts', import.meta.url).href;
      const code = `
        import { appendFileSync } from 'node:fs';
        import { setTimeout as pause } from 'node:timers/promises';
        const { installed } = await import(${JSON.stringify(module)});
        await installed({ name: 'four', pins: 'v1', install: async () => {
          appendFileSync(${JSON.stringify(place)}, 'begun ');
          ${dies ? "process.kill(process.pid, 'SIGKILL');" : ''}
          await pause(200);
          appendFileSync(${JSON.stringify(place)}, 'done ');
        } }, () => undefined);`;
      const args = ['--import', './tools/typescript.mjs', '--input-type=module', '-e', code];
      const cwd = new URL('../../../', import.meta.url);
      // By default it would be the environment that jest itself was started with.
      const env = { ...process.env };
      return new Promise((resolve) =>
        spawn(process.execPath, args, { cwd, env, stdio: 'inherit' }).once('exit', (exit) => resolve(exit)),
      );
    };
    expect(await child(true)).toBeNull();
    expect(await Promise.all([child(false), child(false)])).toEqual([0, 0]);
    expect(readFileSync(place, 'utf8')).toBe('begun begun done ');
  });
});
