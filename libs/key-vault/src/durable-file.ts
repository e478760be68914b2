/**
 * Small secret files that must survive a power cut: written aside, synced, then put in place in one step, and the
 * folder synced, so that a reader finds the old content or the new one, whole.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const POSIX = process.platform !== 'win32';

/** Replaces the file, mode 0600. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const aside = await writeAside(path, content);
  await rename(aside, path);
  await syncFolder(dirname(path));
}

/** Creates the file, mode 0600; false when there is one already, which then stays as it is. */
export async function createFile(path: string, content: string): Promise<boolean> {
  const aside = await writeAside(path, content);
  try {
    await link(aside, path); // refuses an existing name, and shows no half-written file
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(aside);
  }
  await syncFolder(dirname(path));
  return true;
}

/** Creates the folder, mode 0700, where there is none. */
export async function ensureFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Whether others than the owner may read or write the file. Windows has no such bits: always false there. */
export async function openToOthers(path: string): Promise<boolean> {
  return POSIX && ((await stat(path)).mode & 0o077) !== 0;
}

/** Makes names in the folder durable; Windows does it by itself and cannot open a folder. */
export async function syncFolder(path: string): Promise<void> {
  if (!POSIX) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeAside(path: string, content: string): Promise<string> {
  const aside = `${path}.${randomUUID()}.tmp`;
  const file = await open(aside, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return aside;
}
