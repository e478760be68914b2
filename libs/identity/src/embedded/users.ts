import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Role, ROLES } from '../roles.ts';
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

/** Who works in both of the first two facilities; all others in the first. */
const IN_BOTH: readonly Role[] = ['nurse', 'physician', 'compliance-officer'];

/** One for each role, and a second officer: who asks for an erasure may not approve it. */
const DEMO: readonly (readonly [username: string, role: Role])[] = [
  ...ROLES.map((role) => [role, role] as const),
  ['compliance-officer-2', 'compliance-officer'],
];

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
  const passwords = Object.fromEntries(DEMO.map(([username]) => [username, readablePassword()]));
  const made = await Promise.all(
    DEMO.map(([username, role]) => demoUser(username, role, passwords[username]!, facilities)),
  );
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

async function demoUser(username: string, role: Role, password: string, facilities: readonly string[]): Promise<User> {
  const held = facilities.slice(0, IN_BOTH.includes(role) ? 2 : 1);
  return { username, subject: randomUUID(), roles: [role], facilities: held, password: await hashPassword(password) };
}

/** Four groups of four letters without look-alikes: 73 bits, and easy to copy by eye. */
function readablePassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz2';
  const group = (): string => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
