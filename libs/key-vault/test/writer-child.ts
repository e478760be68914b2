/**
 * A vault in a process that will be killed: `ensure` makes keys from 32 callers and tells each one when its promise
 * has resolved; `rotate` rotates without end.
 */
import { randomUUID } from 'node:crypto';
import { EmbeddedKeyVault } from '../src/embedded/index.ts';

const [, , folder, work] = process.argv as [string, string, string, 'ensure' | 'rotate'];
const vault = await EmbeddedKeyVault.open({ folder });

async function ensureWithoutEnd(): Promise<never> {
  for (;;) {
    const subject = randomUUID();
    const key = await vault.ensure({ subject, dataClass: 'clinical' });
    process.send!({ subject, key: Buffer.from(key).toString('hex') });
  }
}

async function rotateWithoutEnd(): Promise<never> {
  for (;;) {
    process.send!({ version: (await vault.rotate()).version });
  }
}

await (work === 'ensure' ? Promise.all(Array.from({ length: 32 }, ensureWithoutEnd)) : rotateWithoutEnd());
