import { PassThrough, Readable } from 'node:stream';
import { runCommandLine, type ExitCode, type Terminal } from '../src/index.ts';

export interface Ran {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line as a script would, and hands back all it said. */
export async function run(
  args: readonly string[],
  given: { stdin?: string | Buffer; env?: Terminal['env'] } = {},
): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr'): PassThrough => {
    const stream = new PassThrough();
    stream.setEncoding('utf8').on('data', (text: string) => (said[name] += text));
    return stream;
  };
  const code = await runCommandLine(args, {
    stdin: Readable.from(given.stdin === undefined ? [] : [given.stdin]),
    stdout: into('stdout'),
    stderr: into('stderr'),
    env: given.env ?? {},
  });
  return { code, ...said };
}
