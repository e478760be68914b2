import { linkPath, type Client } from './client.ts';
import { parseExact } from './import/exact-json.ts';

export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly [element: string]: unknown;
}

export interface PageEntry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly search?: { readonly mode?: string };
}

interface Page {
  readonly entry?: readonly PageEntry[];
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
}

/**
 * All pages of a search, a history or an $everything, entry by entry, following `next` links. Numbers keep their written
 * form when the resources are written again as JSON.
 */
export async function* pagedEntries(client: Client, path: string): AsyncGenerator<PageEntry> {
  const seen = new Set<string>();
  for (let next: string | undefined = path; next !== undefined && !seen.has(next);) {
    seen.add(next);
    const page = parseExact(await client.text(next, { headers: { accept: 'application/fhir+json' } })) as Page;
    yield* page.entry ?? [];
    const link = page.link?.find(({ relation }) => relation === 'next');
    next = link === undefined ? undefined : linkPath(link.url);
  }
}
