import { format, resolveConfig } from 'prettier';
import { fileURLToPath } from 'node:url';
import { clusterSettingsPage } from './cluster-settings-page.ts';
import { effectiveTimePage } from './effective-time-page.ts';
import { errorsPage } from './errors-page.ts';

const ROOT = new URL('../../../', import.meta.url);

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly url: URL;
  /** What the file must hold. */
  readonly text: string;
}

const WRITTEN: readonly (readonly [path: string, write: () => string])[] = [
  ['docs/errors.md', errorsPage],
  ['docs/effective-time.md', effectiveTimePage],
  ['docs/cluster-configuration.md', clusterSettingsPage],
];

/** The pages that this package writes, as Prettier sets them. */
export async function pages(): Promise<readonly Page[]> {
  return Promise.all(
    WRITTEN.map(async ([path, write]) => {
      const url = new URL(path, ROOT);
      const options = await resolveConfig(fileURLToPath(url));
      return { path, url, text: await format(write(), { ...options, parser: 'markdown' }) };
    }),
  );
}
