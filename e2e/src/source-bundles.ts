import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { syntheticCharts, syntheticNetwork } from '@anamnesis/testing';

/** Synthea's transactions, where they lie beside the repository. */
export const SOURCE_FOLDER = fileURLToPath(new URL('../../../shared/data/synthea-r4/', import.meta.url));

/** A transaction as it is sent, with a name to tell it by. */
export interface SourceBundle {
  readonly name: string;
  readonly text: string;
}

const FIRST = /hospital|practitioner/i;
const unzip = promisify(gunzip);

/** The files of the folder, practitioners and hospitals first; or charts of the project's own generator. */
export async function sourceBundles(kind: 'synthea' | 'synthetic'): Promise<SourceBundle[]> {
  if (kind === 'synthetic') return synthetic();
  const names = (await readdir(SOURCE_FOLDER)).filter((name) => name.endsWith('.json.gz'));
  names.sort((a, b) => Number(FIRST.test(b)) - Number(FIRST.test(a)) || (a < b ? -1 : 1));
  return Promise.all(
    names.map(async (name) => ({
      name,
      text: (await unzip(await readFile(join(SOURCE_FOLDER, name)))).toString('utf8'),
    })),
  );
}

export const hasSynthea = (): boolean => existsSync(SOURCE_FOLDER);

function synthetic(): SourceBundle[] {
  const bundles = [syntheticNetwork({ seed: 'e2e' }), ...syntheticCharts({ seed: 'e2e', count: 6, resources: 60 })];
  return bundles.map((bundle, index) => ({ name: `synthetic ${index}`, text: JSON.stringify(bundle) }));
}
