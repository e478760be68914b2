import type { Condition } from '../query.ts';
import { QueryRefused } from '../query-refused.ts';
import { Checks, type Subject } from './checks.ts';
import type { Seed } from './hash.ts';
import type { Names } from './names.ts';
import { Postings, type Chooser, type Posting, type Selection } from './postings.ts';
import { joined, raw, sql, withinBudget } from './sql.ts';
import type { Statements } from './statements.ts';

/** How far the documents of an ordered posting are counted: beyond this one is as good as another. */
const COUNT_ORDERED = 512;
/** So few documents are checked at once, whatever else could be known. */
const FEW = 64;
const COUNT_LEAST = 1_024;
const COUNT_MOST = 20_000;
/** A check of one document against a sorted row, in costs: see `sortedMatches`. */
const CHECKS_PER_PAGE = 140;
const MAX_DEPTH = 64;

/**
 * What the documents are wanted for. `page`: in the order of `rid`, some; then a common condition may be read in order
 * and left early. `all`: every one. `few`: every one, and how many matters to what happens next.
 */
export type Purpose = 'page' | 'all' | 'few';

interface Candidate {
  readonly condition: Condition;
  readonly posting: Posting;
}

interface Choice {
  /** Undefined: every document of the type is looked at, in order. */
  readonly chosen?: Candidate;
  readonly estimate: number;
}

type Chosen = Required<Choice>;

/**
 * Chooses where a query starts. SQLite has no statistics here that would tell a common value from a rare one, and a
 * conjunction is as fast as its rarest condition: so the first rows of each are counted, which costs microseconds.
 */
export class Planner implements Chooser {
  readonly checks: Checks;
  readonly #names: Names;
  readonly #statements: Statements;
  readonly #postings: Postings;
  readonly #worthSorting: (documents: number) => number;

  constructor(names: Names, seed: Seed, statements: Statements, worthSorting: (documents: number) => number) {
    this.#worthSorting = worthSorting;
    this.checks = new Checks(names, seed);
    this.#names = names;
    this.#statements = statements;
    this.#postings = new Postings(this.checks, this);
  }

  select(type: number, typeName: string, where: Condition | undefined, depth: number): Selection {
    return this.plan(type, typeName, where, 'few', depth);
  }

  plan(type: number, typeName: string, where: Condition | undefined, purpose: Purpose, depth = 0): Selection {
    if (depth > MAX_DEPTH) throw new QueryRefused('query-too-large');
    const conditions = where === undefined ? [] : conjuncts(where);
    const subject: Subject = { alias: this.checks.alias('d'), type, typeName };
    const { chosen, estimate } = this.#choose(conditions, subject, purpose, depth);
    const rest = conditions.filter((condition) => !(condition === chosen?.condition && chosen.posting.exact));
    const residual = rest.map((condition) => this.checks.check(condition, subject, depth));
    const doc = raw(subject.alias);
    if (chosen === undefined) {
      return {
        from: sql`docs ${doc} INDEXED BY docs_type`,
        where: joined([withinBudget(`${subject.alias}.rid`), sql`${doc}.type = ${type}`, ...residual], 'AND'),
        rid: `${subject.alias}.rid`,
        estimate,
      };
    }
    const { from, where: found, rid } = chosen.posting;
    const join = residual.length === 0 ? raw('') : sql` CROSS JOIN docs ${doc} ON ${doc}.rid = ${raw(rid)}`;
    return {
      from: sql`${from}${join}`,
      where: joined([found, ...residual], 'AND'),
      rid,
      estimate,
    };
  }

  #choose(conditions: readonly Condition[], subject: Subject, purpose: Purpose, depth: number): Choice {
    const documents = this.#names.documents(subject.type);
    const candidates = this.#candidates(
      conditions.filter((condition) => !chains(condition)),
      subject,
      depth,
    );
    const chained = conditions.filter(chains);
    const [only] = candidates;
    if (only !== undefined && candidates.length + chained.length === 1) {
      const noChoice = purpose === 'all' || (purpose === 'page' && only.posting.ordered);
      if (noChoice) return { chosen: only, estimate: documents };
    }
    const wide = this.#worthSorting(documents);
    const counted = this.#rarest(candidates, purpose, wide);
    // What is rare enough needs no look at what lies behind references.
    const more = counted !== undefined && counted.estimate <= FEW ? [] : this.#candidates(chained, subject, depth);
    const rarest = this.#rarest(more, purpose, wide, counted);
    if (rarest === undefined) return { estimate: documents };
    const best = depth === 0 ? this.#recounted(rarest, wide) : rarest;
    if (purpose !== 'page' || best.chosen.posting.ordered || best.estimate < wide) return best;
    // Everything is common: documents in order, each checked, fill a page sooner than all that match can be sorted.
    const ordered = candidates.find(({ posting }) => posting.ordered);
    return ordered === undefined ? { estimate: documents } : { chosen: ordered, estimate: best.estimate };
  }

  #candidates(conditions: readonly Condition[], subject: Subject, depth: number): Candidate[] {
    return conditions.flatMap((condition) => {
      const posting = this.#postings.find(condition, subject, depth);
      return posting === undefined ? [] : [{ condition, posting }];
    });
  }

  #rarest(candidates: readonly Candidate[], purpose: Purpose, wide: number, known?: Chosen): Chosen | undefined {
    let best = known;
    for (const chosen of candidates) {
      const { posting } = chosen;
      const most = posting.ordered && purpose === 'page' ? COUNT_ORDERED : wide;
      const estimate = posting.guess ?? this.#count(posting, Math.min(most, best?.estimate ?? Infinity));
      if (best === undefined || estimate < best.estimate) best = { chosen, estimate };
    }
    return best;
  }

  /** A guess is not good enough to give up what was guessed at. */
  #recounted(best: Chosen, wide: number): Chosen {
    const { posting } = best.chosen;
    if (posting.guess === undefined || best.estimate < wide) return best;
    return { chosen: best.chosen, estimate: this.#count(posting, wide) };
  }

  #count(posting: Posting, limit: number): number {
    const { text, values } = sql`SELECT count(*) FROM
      (SELECT 1 FROM ${posting.from} WHERE ${posting.where} LIMIT ${Math.ceil(limit)})`;
    return Number((this.#statements.of(text).get(...values) as unknown as [number])[0]);
  }
}

/**
 * Sorting `m` matches costs about 0.3 us each. Finding 20 of them among `n` documents in order costs about 2 us for
 * each document looked at, and `20 n / m` are. The two are even at m = sqrt(140 n).
 */
export function sortedMatches(documents: number): number {
  return Math.min(COUNT_MOST, Math.max(COUNT_LEAST, Math.sqrt(CHECKS_PER_PAGE * documents)));
}

/** Whether finding by the condition means to find other documents first. */
function chains(condition: Condition): boolean {
  if ('any' in condition) return condition.any.some(chains);
  return 'refersTo' in condition || 'referredBy' in condition || 'subjectOf' in condition;
}

function conjuncts(condition: Condition): readonly Condition[] {
  return 'all' in condition ? condition.all.flatMap(conjuncts) : [condition];
}
