import { constants } from 'node:fs';
import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';

/**
 * A new folder for a run, in memory where the machine has such a place: what is tried here is a process that dies,
 * and files of a dead process are whole on any file system. A machine that loses its power is not tried.
 */
export async function scratchFolder(purpose: string): Promise<string> {
  const parent = await access(MEMORY, constants.W_OK).then(
    () => MEMORY,
    () => tmpdir(),
  );
  return mkdtemp(join(parent, `anamnesis-${purpose}-`));
}
