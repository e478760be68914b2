import type { Answer, Bundle, Entry, FhirClient } from './fhir-client.ts';

const MOST_PAGES = 1_000;

/** Every entry of a search or history, all pages; `onPage` is called between one page and the next. */
export async function collectPages(client: FhirClient, path: string, onPage?: () => Promise<void>): Promise<Entry[]> {
  const found: Entry[] = [];
  let next: string | undefined = path;
  for (let page = 0; next !== undefined; page += 1) {
    if (page === MOST_PAGES) throw new Error('the pages do not end');
    const { status, body, text }: Answer<Bundle> = await client.get<Bundle>(next);
    if (status !== 200) throw new Error(`a page answered ${status}: ${text}`);
    found.push(...(body.entry ?? []));
    next = body.link?.find(({ relation }) => relation === 'next')?.url;
    if (next !== undefined) await onPage?.();
  }
  return found;
}
