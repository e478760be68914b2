import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Part } from '../stage.ts';

/** Ticks a second of the clock that /proc counts by (sysconf(3), _SC_CLK_TCK). */
let ticks: number | undefined;

/** Seconds that the process, all its threads, has been on a core, in user and kernel mode; 0 when it is gone. */
export function processorSeconds(pid: number): number {
  try {
    ticks ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).trim());
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc_pid_stat(5): the name may hold anything, so fields count from its last bracket; utime and stime are 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  } catch {
    return 0;
  }
}

/** How the parts share the machine from now until it is asked: cores by name, the busiest first. */
export function watchCores(parts: () => readonly Part[]): () => ReadonlyMap<string, number> {
  const before = new Map(parts().map(({ pid }) => [pid, processorSeconds(pid)]));
  const began = performance.now();
  return () => {
    const seconds = (performance.now() - began) / 1_000;
    const used = parts().map(
      ({ name, pid }) => [name, (processorSeconds(pid) - (before.get(pid) ?? 0)) / seconds] as const,
    );
    return new Map(used.toSorted(([, a], [, b]) => b - a));
  };
}
