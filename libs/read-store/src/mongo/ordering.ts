import { mongo } from 'mongoose';
import type { SortKey } from '../query.ts';
import { and, NONE, type Filter } from './filters.ts';
import type { Keys } from './keys.ts';

export type SortValue = string | number | null;

/** Where a document stands: its sort values (null: it has none), then its first position and its id. */
export interface Place {
  readonly values: readonly SortValue[];
  readonly first: number;
  readonly id: string;
}

interface Column {
  readonly field: string;
  readonly descending: boolean;
  /** Stands for a value that is not there: beyond all others, either way. */
  readonly missing?: InstanceType<typeof mongo.MaxKey> | InstanceType<typeof mongo.MinKey>;
}

export type Row = Readonly<Record<string, unknown>> & { readonly _id: string; readonly f: number };

/** The order of one query. */
export class Ordering {
  /** Computed fields that it sorts by; none when it sorts by fields that are there. */
  readonly computed: Readonly<Record<string, unknown>> | undefined;
  readonly spec: Readonly<Record<string, 1 | -1>>;
  readonly #columns: readonly Column[];
  readonly #descends: boolean;

  constructor(keys: Keys, type: string, sort: readonly SortKey[]) {
    this.#descends = sort[0]?.descending ?? false;
    const computed: Record<string, unknown> = {};
    this.#columns = sort.map(({ param, descending }, index): Column => {
      if (param === '_id') return { field: '_id', descending };
      if (param === '_lastUpdated') return { field: 'u', descending };
      const name = keys.name(type, param);
      const missing = descending ? new mongo.MinKey() : new mongo.MaxKey();
      const least = `$o.${name}`;
      computed[`v${index}`] = { $ifNull: descending ? [`$m.${name}`, least, missing] : [least, missing] };
      return { field: `v${index}`, descending, missing };
    });
    this.computed = Object.keys(computed).length === 0 ? undefined : computed;
    const spec: Record<string, 1 | -1> = {};
    for (const { field, descending } of this.#columns) spec[field] ??= descending ? -1 : 1;
    const last = this.#descends ? -1 : 1;
    // An id is the last word: nothing stands alike after it.
    if (!('_id' in spec)) Object.assign(spec, { f: last, _id: last });
    this.spec = spec;
  }

  /** What a page's documents are read with, besides what they hold. */
  get fields(): readonly string[] {
    return this.#columns.map(({ field }) => field);
  }

  place(row: Row): Place {
    const values = this.#columns.map(({ field, missing }): SortValue => {
      const value = row[field] as SortValue | object;
      return missing !== undefined && typeof value === 'object' ? null : (value as SortValue);
    });
    return { values, first: row.f, id: row._id };
  }

  /** Documents after the place: later in the first column that differs. */
  after({ values, first, id }: Place): Filter {
    const steps: { readonly beyond: Filter | undefined; readonly equal: Filter }[] = this.#columns.map(
      (column, index) => step(column, values[index]!),
    );
    const [beyond, operator] = this.#descends ? ['$lt', '$lte'] : ['$gt', '$gte'];
    if (!('_id' in this.spec) || 'f' in this.spec) {
      steps.push({ beyond: { f: { [beyond!]: first } }, equal: { f: first } });
      steps.push({ beyond: { _id: { [beyond!]: id } }, equal: {} });
    }
    const alternatives = steps.flatMap(({ beyond: later }, index) => {
      if (later === undefined) return [];
      return [and([...steps.slice(0, index).map(({ equal }) => equal), later])];
    });
    if (this.#columns.length > 0) return alternatives.length === 0 ? NONE : { $or: alternatives };
    // In the order of places alone an index has a bound for all of it.
    return { f: { [operator!]: first }, $or: alternatives };
  }
}

function step({ field, descending, missing }: Column, value: SortValue) {
  if (value === null) return { beyond: undefined, equal: { [field]: missing } };
  const beyond = { [field]: { [descending ? '$lt' : '$gt']: value } };
  const equal = { [field]: value };
  return { beyond: missing === undefined ? beyond : { $or: [beyond, { [field]: missing }] }, equal };
}
