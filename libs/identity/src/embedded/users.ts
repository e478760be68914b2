import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type DemoPerson, demoPeople } from '../demo-people.ts';
import { ROLES } from '../roles.ts';
import { hashPassword, PASSWORD_HASH, type PasswordHash, verifyPassword } from './password.ts';
import type { SecretFiles } from './secret-files.ts';

const USERS = z.array(
  z.object({
    username: z.string().min(1).max(255),
    /** Opaque; what events know the person by. */
    subject: z.uuid(),
    roles: z.array(z.enum(ROLES)),
    facilities: z.array(z.string()),
    password: PASSWORD_HASH,
  }),
);

/** Passwords in clear, for the people who try the service out. */
const DEMO_USERS = z.record(z.string(), z.string());

export type User = z.infer<typeof USERS>[number];

/** The people who can sign in at the embedded issuer. */
export class Users {
  readonly #byName: ReadonlyMap<string, User>;
  readonly #bySubject: ReadonlyMap<string, User>;
  readonly #nobody: Promise<PasswordHash>;

  constructor(users: readonly User[]) {
    this.#byName = new Map(users.map((user) => [user.username, user]));
    this.#bySubject = new Map(users.map((user) => [user.subject, user]));
    this.#nobody = hashPassword(randomUUID());
  }

  named(username: string): User | undefined {
    return this.#byName.get(username);
  }

  withSubject(subject: string): User | undefined {
    return this.#bySubject.get(subject);
  }

  /** The user if the password is theirs. Takes as long for a user that does not exist. */
  async signIn(username: string, password: string): Promise<User | undefined> {
    const user = this.#byName.get(username);
    const right = await verifyPassword(password, user?.password ?? (await this.#nobody));
    return right ? user : undefined;
  }
}

/** The demo users of the folder, made if there are none. */
export async function demoUsers(files: SecretFiles, facilities: readonly string[]): Promise<readonly User[]> {
  const there = await files.read('users.json', USERS);
  if (there !== undefined) return there;
  const people = demoPeople(facilities);
  const passwords = Object.fromEntries(people.map(({ username }) => [username, readablePassword()]));
  const made = await Promise.all(people.map((person) => demoUser(person, passwords[person.username]!)));
  // The hashes last: where users.json stands, the passwords to them stand too.
  await files.write('demo-users.json', passwords);
  await files.write('users.json', made);
  return made;
}

/** The users of the folder as they are; none when it has none yet. */
export async function storedUsers(files: SecretFiles): Promise<readonly User[]> {
  return (await files.read('users.json', USERS)) ?? [];
}

/** The demo users' passwords in clear. */
export async function demoPasswords(files: SecretFiles): Promise<Readonly<Record<string, string>>> {
  return (await files.read('demo-users.json', DEMO_USERS)) ?? {};
}

async function demoUser({ username, role, facilities }: DemoPerson, password: string): Promise<User> {
  const hashed = await hashPassword(password);
  return { username, subject: randomUUID(), roles: [role], facilities: [...facilities], password: hashed };
}

/** Four groups of four letters without look-alikes: 73 bits, and easy to copy by eye. */
function readablePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz2';
  const group = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
