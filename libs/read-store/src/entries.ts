/**
 * Index entries: what a projector says a document can be found by. One flat list a document; the store decides how
 * to keep them. Values are compared as given: whoever makes entries has normalised them (see each kind).
 */
export type IndexEntry = TokenEntry | StringEntry | RangeEntry | ReferenceEntry | UriEntry;

interface EntryBase {
  /** The search parameter's name within the document's type, or a derived one (`code:text`, `identifier:of-type`). */
  readonly param: string;
  /** Entries of one composite value share a number from 1 within their document; absent: 0, no composite. */
  readonly tuple?: number;
}

export interface TokenEntry extends EntryBase {
  readonly kind: 'token';
  /** '' : stated to have no system. */
  readonly system: string;
  readonly code: string;
}

export interface StringEntry extends EntryBase {
  readonly kind: 'string';
  /** As written; for `:exact`. */
  readonly value: string;
  /** Lower case, no diacritics, white space folded, at most 200 characters; for prefix and contains. */
  readonly normalised: string;
}

/** Dates (milliseconds since the epoch), numbers and quantities: the closed interval that the value stands for. */
export interface RangeEntry extends EntryBase {
  readonly kind: 'range';
  /** -Infinity: open below. */
  readonly low: number;
  /** +Infinity: open above. */
  readonly high: number;
  /** Of a quantity: '' : none stated. */
  readonly system?: string;
  readonly code?: string;
}

export interface ReferenceEntry extends EntryBase {
  readonly kind: 'reference';
  /** The type and id of a resource of this record, or a whole URL (or urn) as the id with type ''. */
  readonly type: string;
  readonly id: string;
}

export interface UriEntry extends EntryBase {
  readonly kind: 'uri';
  readonly value: string;
}
