import type { mongo } from 'mongoose';
import type { Budget } from './budget.ts';
import type { Documents } from './database.ts';
import { and, NONE, type Filter } from './filters.ts';
import type { Ordering, Place, Row } from './ordering.ts';
import type { StoredDocument } from './schema.ts';

export type Fields = Readonly<Record<string, 1>>;

export interface Asked {
  readonly filter: Filter;
  readonly ordering?: Ordering;
  readonly after?: Place | undefined;
  readonly limit?: number;
  readonly fields: Fields;
  /** Rows that travel at once. */
  readonly batch?: number;
}

/** Documents are looked for by a type, which removed ones do not have; the more telling clauses stand before it. */
export const ofType = (type: string, filter: Filter): Filter => (filter === NONE ? NONE : and([filter, { t: type }]));

/** A cursor over the documents that are asked for, in their order. */
export function candidates(
  documents: Documents,
  { filter, ordering, after, limit, fields, batch }: Asked,
  budget: Budget,
): mongo.FindCursor<Row> | mongo.AggregationCursor<Row> {
  const later = after === undefined || ordering === undefined ? undefined : ordering.after(after);
  const options = { ...budget.options, ...(batch === undefined ? {} : { batchSize: batch }) };
  const shown = Object.fromEntries([...Object.keys(fields), ...(ordering?.fields ?? []), 'f'].map((name) => [name, 1]));
  if (ordering?.computed === undefined) {
    const asked = (later === undefined ? filter : and([filter, later])) as mongo.Filter<StoredDocument>;
    const found = documents.find(asked, options).project<Row>(shown);
    if (ordering !== undefined) found.sort(ordering.spec);
    return limit === undefined ? found : found.limit(limit);
  }
  return documents.aggregate<Row>(
    [
      { $match: filter },
      // Only what is sorted by is carried along; what is shown of it comes last.
      { $addFields: ordering.computed },
      ...(later === undefined ? [] : [{ $match: later }]),
      { $sort: ordering.spec },
      ...(limit === undefined ? [] : [{ $limit: limit }]),
      { $project: shown },
    ],
    options,
  );
}

export function explainCandidates(documents: Documents, asked: Asked, budget: Budget): Promise<mongo.Document> {
  return candidates(documents, asked, budget).explain('queryPlanner') as Promise<mongo.Document>;
}
