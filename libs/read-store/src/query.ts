/** What a query asks of a read model: conditions on index entries, an order, and a keyset page. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly ids: readonly string[] }
  /** Without `system`: any system. Without `code`: any code of the system. '' as system: no system stated. */
  | { readonly param: string; readonly token: { readonly system?: string; readonly code?: string } }
  | {
      readonly param: string;
      readonly string: { readonly prefix: string } | { readonly exact: string } | { readonly contains: string };
    }
  /** `value` is [low, high] of what was asked; the prefix compares intervals as R4 search section 3.1.1.4.5 says. */
  | { readonly param: string; readonly range: RangeTest; readonly system?: string; readonly code?: string }
  /** Without `type`: any type with that id. */
  | { readonly param: string; readonly reference: { readonly type?: string; readonly id: string } }
  | {
      readonly param: string;
      readonly uri: { readonly exact: string } | { readonly below: string } | { readonly above: string };
    }
  | { readonly param: string; readonly missing: boolean }
  /** Every component must match within one composite value; each component is a condition on one param. */
  | { readonly composite: readonly Condition[] }
  /** Chain: the param refers to a document of `type` that meets `where`. */
  | { readonly param: string; readonly refersTo: { readonly type: string; readonly where: Condition } }
  /** Reverse chain (`_has`): a document of `type` that meets `where` refers here by `param`. */
  | { readonly referredBy: { readonly type: string; readonly param: string; readonly where: Condition } }
  /** The document's subject is the subject of some document of `type` that meets `where` (who may see whom). */
  | { readonly subjectOf: { readonly type: string; readonly where: Condition } }
  /** The document has no subject: it is nobody's. */
  | { readonly ownerless: true }
  | { readonly lastUpdated: RangeTest }
  | { readonly subject: readonly string[] };

export interface RangeTest {
  readonly prefix: 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';
  readonly low: number;
  readonly high: number;
}

/** By the least value when ascending, the greatest when descending; a range by its low end; what has none comes last. */
export interface SortKey {
  /** A param of the type, or `_id`, `_lastUpdated`. */
  readonly param: string;
  readonly descending: boolean;
}

export interface Query {
  readonly type: string;
  readonly where?: Condition;
  readonly sort?: readonly SortKey[];
  /** 1 to 1,000. */
  readonly limit: number;
  /** A cursor from an earlier page of the same query; opaque to all but the store. */
  readonly after?: string;
  /** Count all matches: exactly, or not at all. */
  readonly total?: boolean;
}

export interface Document {
  readonly type: string;
  readonly id: string;
  /** JSON text. */
  readonly body: string;
  readonly subject?: string;
  readonly position: number;
  readonly lastUpdated: number;
}

export interface Page {
  readonly documents: readonly Document[];
  /** Present when there is more. Stable under concurrent writes: nothing is shown twice or skipped. */
  readonly next?: string;
  readonly total?: number;
  /** The position that the answer reflects. */
  readonly position: number;
}
