import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/**
 * Ends the processes of this one when it dies, however it dies. A shell of a megabyte reads our end of a pipe: a line
 * says which process group to guard or to forget, and the end of the pipe, which the operating system sees to even
 * after SIGKILL, that those still guarded must go. It is its own session, so Ctrl-C does not reach it.
 */
const SCRIPT = `
guarded=' '
while read -r word group; do
  case $word in
    guard) guarded="$guarded$group " ;;
    forget) guarded=$(printf '%s' "$guarded" | sed "s/ $group / /") ;;
  esac
done
for group in $guarded; do kill -s KILL -- "-$group" 2>/dev/null; done
`;

let pipe: Writable | undefined;

/** Ends the group at the latest when this process ends. */
export const guard = (group: number): void => tell(`guard ${group}`);

/** The group is gone: its number may soon be another's. */
export const forget = (group: number): void => tell(`forget ${group}`);

function tell(line: string): void {
  pipe ??= started();
  pipe.write(`${line}\n`);
}

function started(): Writable {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.once('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  // The pipe must not hold the event loop open; node's types do not say that it is a socket.
  (shell.stdin as Writable & { unref(): void }).unref();
  return shell.stdin;
}
