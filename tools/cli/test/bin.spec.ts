import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const BIN = fileURLToPath(new URL('../bin/anamnesis.mjs', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** As a shell runs it, anywhere. */
const shell = (node: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(node, [BIN, ...args], { cwd: tmpdir() }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });

/** A Node on this machine that is not the pinned one, and too old for the record itself. */
function olderNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return folders
    .map((folder) => join(folder, 'node'))
    .find((path) => {
      try {
        return Number(/^v(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1]) < 24;
      } catch {
        return false;
      }
    });
}

const older = olderNode();
const starters: [string, string][] = [['the pinned Node', process.execPath]];
if (older !== undefined) starters.push(["the system's own older Node", older]);

describe.each(starters)('npx anamnesis, started by %s', (_, node) => {
  it('prints the version of the product', async () => {
    expect(await shell(node, '--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('explains itself', async () => {
    const { code, stdout } = await shell(node, '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: anamnesis');
  });

  it('ends with 2 on an unknown command', async () => {
    const { code, stderr } = await shell(node, 'frobnicate');
    expect(code).toBe(2);
    expect(stderr).toContain("unknown command 'frobnicate'");
  });

  it('ends without a word when nobody reads on', async () => {
    const child = spawn(node, [BIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('');
  });

  it('passes a signal on, and tells of the end by it as a shell does', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const child = spawn(node, [BIN, 'projections', '--server', url, '--token', 't'], { stdio: 'ignore' });
    const [socket] = (await once(mute, 'connection')) as [
      { destroy(): void; once(name: string, done: () => void): void },
    ];
    const hungUp = new Promise<void>((resolve) => socket.once('close', resolve));
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
    await hungUp; // the command itself is gone, not only who started it
    mute.close();
  });
});

(older === undefined ? describe.skip : describe)('an older Node on this machine', () => {
  it('is what npx anamnesis was started by as well', () => expect(starters).toHaveLength(2));
});
