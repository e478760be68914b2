import { BadFile } from './bad-file.ts';
import { parseExact } from './exact-json.ts';

interface Entry {
  readonly fullUrl?: unknown;
  readonly resource?: { readonly resourceType?: unknown; readonly id?: unknown };
  readonly search?: { readonly mode?: unknown };
}
export interface BundleDocument {
  readonly type?: unknown;
  readonly entry?: unknown;
}

export interface Submission {
  /** A transaction or batch, to be sent as it is. */
  readonly body: string;
  readonly entries: number;
}

/** The bundle as the record takes it: transactions and batches untouched, collections and search results as creates and updates. */
export function submissionOf(bundle: BundleDocument, text: string): Submission {
  const entries = entriesOf(bundle);
  switch (bundle.type) {
    case 'transaction':
    case 'batch':
      return { body: text, entries: entries.length };
    case 'collection':
    case 'searchset':
      return asTransaction(entriesOf(parseExact(text) as BundleDocument));
    default:
      throw new BadFile(
        'is a Bundle of a type that cannot be imported: only transaction, batch, collection and searchset can',
      );
  }
}

function entriesOf(bundle: BundleDocument): readonly Entry[] {
  if (bundle.entry === undefined) return [];
  if (!Array.isArray(bundle.entry)) throw new BadFile('is a Bundle whose entry is no list');
  return bundle.entry as readonly Entry[];
}

/** What has an id is stored under it; what is only known by a `urn:` is created, and the references to it follow. */
function asTransaction(entries: readonly Entry[]): Submission {
  const entry = entries
    .filter((each) => each.search?.mode !== 'outcome')
    .map(({ fullUrl, resource }) => {
      const type = resource?.resourceType;
      if (typeof type !== 'string') throw new BadFile('is a Bundle with an entry that has no resource');
      const named = typeof resource?.id === 'string' && !(typeof fullUrl === 'string' && fullUrl.startsWith('urn:'));
      const request = named
        ? { method: 'PUT', url: `${type}/${resource.id as string}` }
        : { method: 'POST', url: type };
      return { ...(typeof fullUrl === 'string' ? { fullUrl } : {}), resource, request };
    });
  return { body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }), entries: entry.length };
}
