import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Bytes of the process that are resident now; 0 when it is gone. */
export function residentBytes(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1_024;
  } catch {
    return process.platform === 'linux' ? 0 : fromPs(pid);
  }
}

function fromPs(pid: number): number {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()) * 1_024;
  } catch {
    return 0;
  }
}
