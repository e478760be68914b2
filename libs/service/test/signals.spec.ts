import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

class Subject {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  output = '';

  constructor() {
    const subject = fileURLToPath(new URL('./signals-subject.ts', import.meta.url));
    const loader = new URL('../../../tools/typescript.mjs', import.meta.url).href;
    this.process = spawn(process.execPath, ['--import', loader, subject], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout!.on('data', (chunk) => (this.output += String(chunk)));
    this.process.stderr!.on('data', (chunk) => (this.output += String(chunk)));
    this.ended = once(this.process, 'close');
  }

  async says(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.output);
      if (found !== null) return found[0];
      await Promise.race([once(this.process.stdout!, 'data'), this.ended]);
      if (this.process.exitCode !== null && !pattern.test(this.output)) throw new Error('the subject ended early');
    }
  }
}

describe('a running service', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what is in flight on %s, closes the rest and ends with 0',
    async (signal) => {
      const subject = new Subject();
      const url = await subject.says(/http:\S+/);
      const answer = fetch(`${url}/slow`);
      await subject.says(/arrived/);
      subject.process.kill(signal);
      expect(await (await answer).json()).toEqual({ done: true });
      await subject.ended;
      expect(subject.process.exitCode).toBe(0);
      expect(subject.output).toContain('closed');
      expect(subject.output).toContain('"msg":"stopped"');
    },
  );

  it('ends on a bug that nobody caught, without writing its message', async () => {
    const subject = new Subject();
    await fetch(`${await subject.says(/http:\S+/)}/bug`);
    await subject.ended;
    expect(subject.process.exitCode).toBe(70);
    expect(subject.output).toContain('a bug ended the process');
    expect(subject.output).not.toContain('Mustermann');
  });
});
