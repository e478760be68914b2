import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../../../shared/data/synthea-r4/', import.meta.url));

/** The files of the Synthea sample beside the repository, none where it is absent. */
export const syntheaFiles: readonly string[] = existsSync(folder)
  ? readdirSync(folder).filter((name) => name.endsWith('.json.gz'))
  : [];

export const readSynthea = (file: string): Buffer => gunzipSync(readFileSync(folder + file));
