import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../src/processes/free-port.ts';
import { Restartable } from '../src/processes/restartable.ts';
import { StartedProcess, type ProcessSpec } from '../src/processes/started-process.ts';
import { listens, NotReady, statusOf, untilReady } from '../src/processes/until-ready.ts';

const folder = mkdtempSync(join(tmpdir(), 'anamnesis-processes-'));
afterAll(() => rmSync(folder, { recursive: true }));

let logs = 0;
const program = (code: string): ProcessSpec => ({
  name: 'it',
  command: process.execPath,
  args: ['-e', code],
  env: {},
  logFile: join(folder, `${(logs += 1)}.log`),
});

/** Answers 503 three times, then 200. */
const server = (port: number, more = ''): ProcessSpec =>
  program(`let asked = 0;
    require('node:http').createServer((_, answer) => answer.writeHead(++asked > 3 ? 200 : 503).end())
      .listen(${port}, '127.0.0.1');
    ${more}`);

const serves = (port: number) => async (): Promise<boolean> => (await statusOf(`http://127.0.0.1:${port}/`)) === 200;
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function gone(pid: number): Promise<void> {
  while (isThere(pid)) await pause(20);
}

describe('waiting until a process is ready', () => {
  it('waits for the answer that counts', async () => {
    const port = await freePort();
    const started = new StartedProcess(server(port));
    await untilReady(started, serves(port), { limitMs: 20_000, pauseMs: 20 });
    expect(await listens(port)).toBe(true);
    await started.stop();
    expect(await listens(port)).toBe(false);
  });

  it('says at once that it ended, with the end of its log', async () => {
    const started = new StartedProcess(program(`console.log('no disk'); process.exit(3)`));
    const waiting = untilReady(started, () => Promise.resolve(false), { limitMs: 20_000 });
    await expect(waiting).rejects.toThrow(NotReady);
    await expect(waiting).rejects.toThrow(/it ended at its start. Its log ends:\nno disk/);
  });

  it('says so when it takes too long', async () => {
    const started = new StartedProcess(program('setInterval(() => {}, 1000)'));
    const waiting = untilReady(started, () => Promise.reject(new Error('refused')), { limitMs: 100, pauseMs: 10 });
    await expect(waiting).rejects.toThrow('it was not ready within 0 s');
    await started.kill();
  });

  it('of a program that there is not, says so, too', async () => {
    const started = new StartedProcess({ ...program(''), command: join(folder, 'nothing') });
    await expect(untilReady(started, () => Promise.resolve(false), { limitMs: 20_000 })).rejects.toThrow('ended');
    expect(started.pid).toBe(0);
    await started.stop();
  });
});

describe('a started process', () => {
  it('that ignores SIGTERM is killed after the limit', async () => {
    const port = await freePort();
    const started = new StartedProcess(server(port, `process.on('SIGTERM', () => {})`));
    await untilReady(started, () => listens(port), { limitMs: 20_000 });
    expect(await started.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that was paused ends when it is told to', async () => {
    const port = await freePort();
    const started = new StartedProcess(server(port));
    await untilReady(started, () => listens(port), { limitMs: 20_000 });
    started.signal('SIGSTOP');
    expect(await statusOf(`http://127.0.0.1:${port}/`, 200)).toBeUndefined();
    expect(await started.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('takes along what it started', async () => {
    const inner = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])`;
    const started = new StartedProcess(program(`console.log(${inner}.pid); setInterval(() => {}, 1000)`));
    await untilReady(started, () => Promise.resolve(/\d+\n/.test(started.logTail())), { limitMs: 20_000 });
    const grandchild = Number(started.logTail());
    expect(isThere(grandchild)).toBe(true);
    await started.kill();
    await gone(grandchild);
  });

  it('ends when the one that started it is killed', async () => {
    const module = new URL('../src/processes/started-process.ts', import.meta.url).href;
    const spec = program('setInterval(() => {}, 1000)');
    const code = `const { StartedProcess } = await import(${JSON.stringify(module)});
      process.stdout.write(new StartedProcess(${JSON.stringify(spec)}).pid + '\\n');`;
    const args = ['--import', './tools/typescript.mjs', '--input-type=module', '-e', code];
    const parent = spawn(process.execPath, args, {
      cwd: new URL('../../../', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    expect(isThere(pid)).toBe(true);
    parent.kill('SIGKILL');
    await gone(pid);
  });
});

describe('a process that can be started again', () => {
  it('keeps its address, and tells of an end that nobody asked for', async () => {
    const port = await freePort();
    const deaths: (number | null)[] = [];
    const again = new Restartable(server(port, `setTimeout(() => {}, 1e6)`), {
      ready: (started) => untilReady(started, serves(port), { limitMs: 20_000, pauseMs: 20 }),
      onDeath: ({ code }) => deaths.push(code),
    });
    await again.start();
    const first = again.pid;
    await again.kill();
    expect(again.running).toBe(false);
    await again.restart();
    expect(again.pid).not.toBe(first);
    expect(await serves(port)()).toBe(true);
    expect(deaths).toEqual([]);
    process.kill(again.pid, 'SIGKILL');
    await gone(again.pid);
    while (deaths.length === 0) await pause(10);
    expect(deaths).toEqual([null]);
    expect(readFileSync(again.spec.logFile, 'utf8')).toBe('');
  });

  it('that does not come up leaves nothing', async () => {
    const never = new Restartable(program('setInterval(() => {}, 1000)'), {
      ready: (started) => untilReady(started, () => Promise.resolve(false), { limitMs: 50, pauseMs: 10 }),
    });
    await expect(never.start()).rejects.toThrow(NotReady);
    expect(never.running).toBe(false);
  });
});
