import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { Log } from './log.ts';

const MARK = 'anamnesis-pins.sha256';
const SQLITE_BUSY = 5;
const LOCK_PAUSE_MS = 250;

/** Where the engines are kept between runs. */
export const cacheFolder = (): string =>
  env['ANAMNESIS_ENGINES_CACHE'] ?? join(homedir(), '.cache', 'anamnesis', 'engines');

export interface Installation {
  /** Name and version. */
  readonly name: string;
  /** What it is made from. When this changes it is fetched again, beside the earlier one, which may be running. */
  readonly pins: unknown;
  /** Puts it into a new folder, checked. Installed programs may hold this path: it is the final one. */
  readonly install: (folder: string, log: Log) => Promise<void>;
}

/** The folder of an installation that is whole; fetched if need be, by one process at a time. */
export async function installed({ name, pins, install }: Installation, log: Log): Promise<string> {
  const fingerprint = fingerprintOf(pins);
  const folder = installationFolder({ name, pins });
  if (await isWhole(folder, fingerprint)) return folder;
  await mkdir(cacheFolder(), { recursive: true });
  await locked(
    `${folder}.lock`,
    () => log(`${name}: another process fetches it, waiting`),
    async () => {
      if (await isWhole(folder, fingerprint)) return;
      log(`${name}: fetching into ${cacheFolder()}`);
      const since = performance.now();
      await aside(folder);
      await mkdir(folder);
      await install(folder, log);
      await writeFile(join(folder, MARK), fingerprint);
      log(`${name}: fetched and checked in ${((performance.now() - since) / 1000).toFixed(1)} s`);
    },
  );
  return folder;
}

const fingerprintOf = (pins: unknown): string => createHash('sha256').update(JSON.stringify(pins)).digest('hex');

/** Where it is, or will be. */
export const installationFolder = ({ name, pins }: Pick<Installation, 'name' | 'pins'>): string =>
  join(cacheFolder(), `${name}-${fingerprintOf(pins).slice(0, 8)}`);

/** The mark is written last: without it a fetch was cut off. */
async function isWhole(folder: string, fingerprint: string): Promise<boolean> {
  return (await readFile(join(folder, MARK), 'utf8').catch(() => '')) === fingerprint;
}

/** Removes what was there; moved first, so that a removal that is cut off leaves no half of it in its place. */
async function aside(folder: string): Promise<void> {
  const place = await mkdtemp(`${folder}.old-`);
  await rename(folder, join(place, 'old')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(place, { recursive: true, force: true });
}

/** Holds a lock that the operating system releases when its holder dies: an SQLite file in an open transaction. */
async function locked(path: string, onWait: () => void, work: () => Promise<void>): Promise<void> {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    for (let waited = false; !tryLock(lock); waited = true) {
      if (!waited) onWait();
      await pause(LOCK_PAUSE_MS);
    }
    await work();
  } finally {
    lock.close();
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
