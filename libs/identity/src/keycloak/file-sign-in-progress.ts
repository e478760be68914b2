import { randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { Fault } from '@anamnesis/kernel';
import { z } from 'zod';
import type { KeycloakSignInEventsOptions } from './keycloak-sign-in-events.ts';

const PROGRESS = z.object({
  through: z.number(),
  told: z.array(z.object({ id: z.string(), at: z.number() })),
});

/**
 * Keeps in a file how far sign-ins were told. A file that is damaged counts for none: all that Keycloak still has is
 * told again, which the audit must bear, rather than nothing.
 * Throws `Fault` `identity-unavailable` when the file cannot be read or written.
 */
export function fileSignInProgress(path: string): KeycloakSignInEventsOptions['progress'] {
  return {
    read: async () => {
      const parsed = PROGRESS.safeParse(jsonOf(await contentOf(path)));
      return parsed.success ? parsed.data : undefined;
    },
    write: async (progress) => {
      const aside = `${path}.${randomUUID()}`;
      try {
        const file = await open(aside, 'wx', 0o600);
        try {
          await file.writeFile(JSON.stringify(progress));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(aside, path);
      } catch (cause) {
        throw new Fault('identity-unavailable', 'how far sign-ins were told cannot be kept', {
          retryable: true,
          cause,
        });
      }
    },
  };
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Fault('identity-unavailable', 'how far sign-ins were told cannot be read', { retryable: true, cause });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
