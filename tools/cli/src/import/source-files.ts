import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { usage } from '../exit.ts';

/** A file to import; `-` is the standard input. */
export interface SourceFile {
  readonly path: string;
  /** On disk; 0 when not known. */
  readonly bytes: number;
}

const IMPORTABLE = /\.(json|ndjson|jsonl)(\.gz)?$/i;
const FOUNDATION = /hospital|practitioner|organi[sz]ation|location/i;
const PATIENTS = /^patients?\b.*\.(ndjson|jsonl)(\.gz)?$/i;

/**
 * The files named, folders walked in the order of their names. Throws `usage` when a path does not exist or nothing
 * importable is there: before anything is sent.
 */
export async function sourceFiles(paths: readonly string[]): Promise<SourceFile[]> {
  const found = (await Promise.all(paths.map(walk))).flat();
  const once = [...new Map(found.map((file) => [file.path, file])).values()];
  if (once.length === 0) throw usage('There is no .json, .ndjson or .jsonl file (also .gz) in what was named');
  return once;
}

/**
 * Waves of files, each to be stored whole before the next begins: hospitals and practitioners, to whom the others
 * refer; then files of patients alone, as bulk exports have them; then the rest.
 */
export function waves(files: readonly SourceFile[]): SourceFile[][] {
  const wave = ({ path }: SourceFile): number => {
    const name = basename(path);
    return FOUNDATION.test(name) ? 0 : PATIENTS.test(name) ? 1 : 2;
  };
  return [0, 1, 2].map((number) => files.filter((file) => wave(file) === number)).filter((files) => files.length > 0);
}

async function walk(path: string): Promise<SourceFile[]> {
  if (path === '-') return [{ path, bytes: 0 }];
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw usage(error.code === 'ENOENT' ? `There is no such file or folder: ${path}` : `Cannot be read: ${path}`);
  });
  if (!found.isDirectory()) return [{ path, bytes: found.size }];
  const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const kept = entries.filter((entry) => !entry.name.startsWith('.'));
  const inside = kept.filter((entry) => entry.isDirectory() || IMPORTABLE.test(entry.name));
  return (await Promise.all(inside.map((entry) => walk(join(path, entry.name))))).flat();
}
