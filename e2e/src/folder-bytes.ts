import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The files below a folder that hold one of the words as plain UTF-8, whatever their format, named from the folder. */
export async function filesHolding(folder: string, words: readonly string[], below = ''): Promise<string[]> {
  const files = await readdir(join(folder, below), { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const file of files.filter((each) => each.isFile())) {
    const path = join(file.parentPath, file.name);
    const bytes = await readFile(path);
    if (words.some((word) => bytes.includes(word))) found.push(relative(folder, path));
  }
  return found;
}
