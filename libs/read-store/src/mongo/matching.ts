import type { Condition } from '../query.ts';
import type { Budget } from './budget.ts';
import { candidates, ofType, type Asked, type Fields } from './candidates.ts';
import { checkedIn, Compiler, isContains, type Checked } from './compile.ts';
import type { Documents } from './database.ts';
import { ALL, and, anyId, type Filter } from './filters.ts';
import type { Keys } from './keys.ts';
import { FEW, Lookups, type CandidateRow, type Few, type InnerRow } from './lookups.ts';
import type { Row } from './ordering.ts';

/** Candidates that are checked at once: few at first, for a page is soon full. */
const FIRST_BATCH = 64;
const LARGEST_BATCH = 1_000;

/** What a query comes to: a filter, and the conditions that its candidates are still to be checked for. */
export interface Plan {
  readonly type: string;
  readonly where: Condition | undefined;
  readonly filter: Filter;
  readonly checks: readonly Checked[];
  readonly known: ReadonlyMap<Condition, Filter>;
}

type Order = Pick<Asked, 'ordering' | 'after'>;

/** Finds documents by condition in one generation, within one budget of time. */
export class Matching {
  readonly documents: Documents;
  readonly keys: Keys;
  readonly budget: Budget;
  readonly #few: Few;

  /** `few`: for tests of either way that a chain is followed. */
  constructor(documents: Documents, keys: Keys, budget: Budget, few: Few = FEW) {
    this.documents = documents;
    this.keys = keys;
    this.budget = budget;
    this.#few = few;
  }

  /**
   * What few documents lie behind is looked up first, and becomes a filter. What many lie behind is checked afterwards,
   * on the candidates that the rest of the query leaves.
   */
  async plan(type: string, where: Condition | undefined): Promise<Plan> {
    const known = new Map<Condition, Filter>();
    const checks: Checked[] = [];
    const lookups = this.#lookups(type);
    for (const condition of new Set(checkedIn(where))) {
      const found = isContains(condition) ? undefined : await lookups.ahead(condition);
      if (found === undefined) checks.push(condition);
      else known.set(condition, found);
    }
    const filter = where === undefined ? ALL : new Compiler(this.keys, type, known).filter(where);
    return { type, where, filter: ofType(type, filter), checks, known };
  }

  #lookups(type: string): Lookups {
    return new Lookups(this.keys, type, (of, where, also, limit) => this.#inner(of, where, also, limit), this.#few);
  }

  async #inner(
    type: string,
    where: Condition,
    also: Filter | undefined,
    limit: number,
  ): Promise<readonly InnerRow[] | undefined> {
    const plan = await this.plan(type, where);
    const narrowed = also === undefined ? plan : { ...plan, filter: and([also, plan.filter]) };
    const rows: InnerRow[] = [];
    for await (const row of this.rows(narrowed, { sub: 1, e: 1 }, {}, limit + 1)) {
      rows.push({ _id: row._id, sub: (row['sub'] as string | null) ?? null, e: (row['e'] as string[]) ?? [] });
      if (rows.length > limit) return undefined;
    }
    return rows;
  }

  /** The documents that match, in order, with the fields that are asked for. */
  async *rows(plan: Plan, fields: Fields, order: Order, limit: number): AsyncGenerator<Row> {
    const { filter, checks } = plan;
    if (checks.length === 0) {
      const most = Number.isFinite(limit) ? { limit, batch: limit + 1 } : {};
      yield* candidates(this.documents, { filter, ...order, fields, ...most }, this.budget);
      return;
    }
    const cursor = candidates(
      this.documents,
      { filter, ...order, fields: { ...fields, ...checkedFields(checks) }, batch: LARGEST_BATCH },
      this.budget,
    );
    try {
      let batch: Row[] = [];
      let size = FIRST_BATCH;
      for await (const row of cursor) {
        batch.push(row);
        if (batch.length < size) continue;
        yield* await this.#checked(plan, batch);
        batch = [];
        size = Math.min(LARGEST_BATCH, size * 2);
      }
      if (batch.length > 0) yield* await this.#checked(plan, batch);
    } finally {
      await cursor.close();
    }
  }

  /** Those of the candidates that match: what each check finds among them stands in the filter then. */
  async #checked({ type, where, checks, known }: Plan, rows: readonly CandidateRow[]): Promise<readonly Row[]> {
    const lookups = this.#lookups(type);
    const found = new Map(known);
    for (const check of checks) found.set(check, anyId(await lookups.among(check, rows)));
    const surely = this.#settled(where!, checks, found, rows);
    if (surely !== undefined) return surely;
    const filter = and([anyId(rows.map(({ _id }) => _id)), new Compiler(this.keys, type, found).filter(where!)]);
    const left = candidates(this.documents, { filter, fields: { _id: 1 } }, this.budget);
    const matching = new Set((await left.toArray()).map(({ _id }) => _id));
    return rows.filter(({ _id }) => matching.has(_id));
  }

  /** Where the checks only narrow what was filtered, nothing more needs to be asked. */
  #settled(
    where: Condition,
    checks: readonly Checked[],
    found: ReadonlyMap<Condition, Filter>,
    rows: readonly Row[],
  ): readonly Row[] | undefined {
    const top = new Set(conjuncts(where));
    if (!checks.every((check) => top.has(check))) return undefined;
    const sets = checks.map((check) => new Set((found.get(check)!['_id'] as { $in: string[] } | undefined)?.$in));
    return rows.filter(({ _id }) => sets.every((ids) => ids.has(_id)));
  }
}

const conjuncts = (condition: Condition): readonly Condition[] =>
  'all' in condition ? condition.all.flatMap(conjuncts) : [condition];

/** What candidates are looked at for. */
function checkedFields(checks: readonly Checked[]): Fields {
  return Object.assign(
    {},
    ...checks.map((check): Fields => {
      if (isContains(check)) return { s: 1 };
      if ('refersTo' in check) return { e: 1 };
      return 'subjectOf' in check ? { sub: 1 } : {};
    }),
  ) as Fields;
}
