import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../../../../shared/data/synthea-r4/', import.meta.url));

export const syntheaIsHere = existsSync(folder);

export type Resource = Readonly<Record<string, unknown>> & { readonly resourceType: string; readonly id: string };

interface Bundle {
  readonly entry: readonly { readonly fullUrl: string; readonly resource: Resource }[];
}

/** Every resource of the synthetic bundles, with `urn:uuid` references resolved as a transaction resolves them. */
export function syntheaResources(): Resource[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json.gz'))
    .flatMap((file) => resolved(JSON.parse(gunzipSync(readFileSync(folder + file)).toString('utf8')) as Bundle));
}

function resolved({ entry }: Bundle): Resource[] {
  const names = new Map(entry.map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${resource.id}`]));
  const text = JSON.stringify(entry.map(({ resource }) => resource));
  return JSON.parse(text.replace(/urn:uuid:[0-9a-f-]{36}/g, (urn) => names.get(urn) ?? urn)) as Resource[];
}
