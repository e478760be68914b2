import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The users of a data folder's own issuer: what people call them, and the opaque id that events know them by. */
export interface FolderUsers {
  nameOf(subject: string): string | undefined;
  subjectOf(name: string): string | undefined;
}

/** None when the folder has none, or whoever runs the command may not read them. */
export async function folderUsers(dataFolder: string): Promise<FolderUsers> {
  const users = usersIn(await readFile(join(dataFolder, 'identity', 'users.json'), 'utf8').catch(() => '[]'));
  const names = new Map(users);
  const subjects = new Map(users.map(([subject, name]) => [name, subject]));
  return { nameOf: (subject) => names.get(subject), subjectOf: (name) => subjects.get(name) };
}

function usersIn(text: string): [subject: string, name: string][] {
  try {
    const users = JSON.parse(text) as readonly { subject?: unknown; username?: unknown }[];
    return users.flatMap(({ subject, username }): [string, string][] =>
      typeof subject === 'string' && typeof username === 'string' ? [[subject, username]] : [],
    );
  } catch {
    return [];
  }
}
