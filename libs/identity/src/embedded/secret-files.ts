import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@anamnesis/kernel';
import type { z } from 'zod';

export type SecretFileName =
  'signing-keys.json' | 'cookie-keys.json' | 'client-secrets.json' | 'users.json' | 'demo-users.json' | 'issuer.json';

/** The files of the identity folder: JSON, for their owner's eyes only. */
export class SecretFiles {
  readonly folder: string;

  constructor(dataFolder: string) {
    this.folder = join(dataFolder, 'identity');
  }

  path(name: SecretFileName): string {
    return join(this.folder, name);
  }

  async makeFolder(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await chmod(this.folder, 0o700);
  }

  /** Undefined when there is no such file. Throws `identity-unavailable` for one that others may read, or a damaged one. */
  async read<T>(name: SecretFileName, schema: z.ZodType<T>): Promise<T | undefined> {
    let written: string;
    try {
      if (process.platform !== 'win32' && ((await stat(this.path(name))).mode & 0o077) !== 0) {
        throw new Fault('identity-unavailable', `identity/${name} can be read by others: its mode must be 0600`);
      }
      written = await readFile(this.path(name), 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      if (cause instanceof Fault) throw cause;
      throw new Fault('identity-unavailable', `identity/${name} cannot be read`, { cause });
    }
    const parsed = schema.safeParse(jsonOf(written));
    if (!parsed.success) throw new Fault('identity-unavailable', `identity/${name} is damaged`);
    return parsed.data;
  }

  /** Written aside, synced and renamed, so that a crash leaves the whole file or none. */
  async write(name: SecretFileName, content: unknown): Promise<void> {
    const aside = `${this.path(name)}.${randomUUID()}`;
    try {
      const file = await open(aside, 'wx', 0o600);
      try {
        await file.writeFile(JSON.stringify(content, undefined, 2) + '\n');
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(aside, this.path(name));
    } catch (cause) {
      throw new Fault('identity-unavailable', `identity/${name} cannot be written`, { cause });
    }
  }

  /** What the file says; made and written if there is none. */
  async kept<T>(name: SecretFileName, schema: z.ZodType<T>, make: () => T | Promise<T>): Promise<T> {
    const there = await this.read(name, schema);
    if (there !== undefined) return there;
    const made = await make();
    await this.write(name, made);
    return made;
  }
}

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}
