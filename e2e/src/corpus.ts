import type { FhirClient, Resource } from './fhir-client.ts';
import { sourceBundles } from './source-bundles.ts';

interface SourceEntry {
  readonly fullUrl?: string;
  readonly resource: Resource;
}

/** What was imported, as it must come back: under its new id, its references resolved. The oracle of the searches. */
export class Corpus {
  readonly #byType = new Map<string, Resource[]>();
  readonly #byName = new Map<string, Resource>();

  /** Sends the bundles, one transaction each; throws with what the record answered when it takes one not. */
  static async import(client: FhirClient, kind: 'synthea' | 'synthetic'): Promise<Corpus> {
    const corpus = new Corpus();
    for (const { name, text } of await sourceBundles(kind)) {
      const { status, body, text: answer } = await client.bundle(text);
      if (status !== 200) throw new Error(`${name} was answered with ${status}: ${answer.slice(0, 500)}`);
      const { entry } = JSON.parse(text) as { entry: SourceEntry[] };
      const names = (body.entry ?? []).map(({ response }) => nameIn(response?.location));
      const links = new Map(entry.map(({ fullUrl = '' }, index) => [fullUrl, names[index]!]));
      for (const [index, { resource }] of entry.entries()) {
        const [, id = ''] = names[index]!.split('/');
        corpus.#add({ ...(resolved(resource, links) as Resource), id });
      }
    }
    return corpus;
  }

  get types(): readonly string[] {
    return [...this.#byType.keys()];
  }

  of(type: string): readonly Resource[] {
    return this.#byType.get(type) ?? [];
  }

  /** By a reference such as `Patient/1`. */
  at(reference: unknown): Resource | undefined {
    return this.#byName.get(String(reference));
  }

  #add(resource: Resource): void {
    const { resourceType: type, id } = resource;
    const there = this.#byType.get(type);
    if (there) there.push(resource);
    else this.#byType.set(type, [resource]);
    this.#byName.set(`${type}/${id}`, resource);
  }
}

const nameIn = (location = ''): string => /([A-Z][A-Za-z]+\/[^/]+)\/_history/.exec(location)?.[1] ?? '';

function resolved(value: unknown, links: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return links.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => resolved(item, links));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, links)]));
}

/** A resource without what the record itself stamps on it. */
export function unstamped({ meta, ...resource }: Resource): object {
  const { versionId: _, lastUpdated: __, ...rest } = meta ?? {};
  return Object.keys(rest).length > 0 ? { ...resource, meta: rest } : resource;
}
