import type { Condition } from '../query.ts';
import type { Checks, Subject } from './checks.ts';
import { finite } from './index-rows.ts';
import { leaves, type Leaf } from './leaves.ts';
import { raw, sql, TRUE, withinBudget, type Fragment } from './sql.ts';
import { hash31 } from './hash.ts';

/** A way to find documents by value: rows of an index (or of a join from one), each naming a document. */
export interface Posting {
  /** What follows FROM. */
  readonly from: Fragment;
  /** The document's number in it. */
  readonly rid: string;
  readonly where: Fragment;
  /** Whether rows come in the order of `rid`, so that a page can stop early. */
  readonly ordered: boolean;
  /** Whether every document found meets the condition; else it must be checked as well. */
  readonly exact: boolean;
  /** For one that is too dear to count: about how many documents it finds. */
  readonly guess?: number;
}

/** What selects the documents of a type: FROM and WHERE of a statement. A document may come out more than once. */
export interface Selection {
  readonly from: Fragment;
  readonly where: Fragment;
  /** The document's number in it. */
  readonly rid: string;
  /** About how many documents the starting point finds. */
  readonly estimate: number;
}

export interface Chooser {
  /** The best way to find documents of `type` that meet `where`. */
  select(type: number, typeName: string, where: Condition | undefined, depth: number): Selection;
}

/** More ways than this in one union are no way at all: SQLite limits compound selects. */
const MAX_UNION = 200;

/** How many documents refer to one, and how many one subject has: guesses, for chains are not counted beforehand. */
const FAN_IN = 16;
const OF_SUBJECT = 64;

/** Conditions as ways to find documents; undefined where a condition can only be checked. */
export class Postings {
  readonly #checks: Checks;
  readonly #chooser: Chooser;

  constructor(checks: Checks, chooser: Chooser) {
    this.#checks = checks;
    this.#chooser = chooser;
  }

  find(condition: Condition, subject: Subject, depth: number): Posting | undefined {
    if ('all' in condition || 'not' in condition || 'ownerless' in condition) return undefined;
    if ('any' in condition) return this.#union(condition.any, subject, depth);
    if ('ids' in condition) return this.#ids(condition.ids, subject);
    if ('subject' in condition) return this.#ofSubjects(condition.subject, subject);
    if ('lastUpdated' in condition) return this.#updated(condition.lastUpdated, subject);
    if ('composite' in condition) return this.#component(condition.composite, subject, depth);
    if ('refersTo' in condition) return this.#refersTo(condition.param, condition.refersTo, subject, depth);
    if ('referredBy' in condition) return this.#referredBy(condition.referredBy, subject, depth);
    if ('subjectOf' in condition) return this.#subjectOf(condition.subjectOf, subject, depth);
    if ('missing' in condition && condition.missing) return undefined;
    const found = leaves(condition, subject.type, this.#checks.names, this.#checks.seed).flatMap((leaf) =>
      this.#seeks(leaf),
    );
    return found.length === 1 ? found[0] : this.#unionOf(found);
  }

  #seeks(leaf: Leaf): Posting[] {
    return leaf.seeks.map(({ index, ordered, bounds }) => {
      const row = this.#checks.alias('p');
      return {
        from: raw(`${leaf.table} ${row} INDEXED BY ${index}`),
        rid: `${row}.rid`,
        where: sql`${withinBudget(`${row}.rid`)} AND ${raw(row)}.param = ${leaf.param} AND ${bounds(row)}`,
        ordered,
        exact: true,
      };
    });
  }

  #unionOf(postings: readonly Posting[]): Posting {
    const row = this.#checks.alias('p');
    const none = raw(`(SELECT NULL AS rid WHERE 0) ${row}`);
    const selects = postings.map(({ from, rid, where }) => sql`SELECT ${raw(rid)} AS rid FROM ${from} WHERE ${where}`);
    const from = selects.length === 0 ? none : sql`(${selects.reduce((a, b) => sql`${a} UNION ALL ${b}`)}) ${raw(row)}`;
    const guesses = postings.flatMap(({ guess }) => guess ?? []);
    return {
      from,
      rid: `${row}.rid`,
      where: TRUE,
      ordered: false,
      exact: postings.every(({ exact }) => exact),
      ...(guesses.length === postings.length ? { guess: guesses.reduce((a, b) => a + b, 0) } : {}),
    };
  }

  #union(conditions: readonly Condition[], subject: Subject, depth: number): Posting | undefined {
    if (conditions.length > MAX_UNION) return undefined;
    const postings: Posting[] = [];
    for (const condition of conditions) {
      const posting = this.find(condition, subject, depth + 1);
      if (posting === undefined) return undefined;
      postings.push(posting);
    }
    return postings.length === 1 ? postings[0] : this.#unionOf(postings);
  }

  #ids(ids: readonly string[], subject: Subject): Posting {
    const row = this.#checks.alias('p');
    const from = sql`(${this.#checks.withIds(ids, subject.type)}) ${raw(row)}`;
    return { from, rid: `${row}.rid`, where: TRUE, ordered: false, exact: true, guess: ids.length };
  }

  #ofSubjects(subjects: readonly string[], subject: Subject): Posting {
    const row = this.#checks.alias('p');
    return {
      from: raw(`docs ${row} INDEXED BY docs_subject`),
      rid: `${row}.rid`,
      where: sql`${withinBudget(`${row}.rid`)} AND ${raw(row)}.subject IN (${this.#checks.subjects(subjects)}) AND ${raw(row)}.type = ${subject.type}`,
      ordered: false,
      exact: true,
      guess: subjects.length * OF_SUBJECT,
    };
  }

  #updated(test: Extract<Condition, { lastUpdated: unknown }>['lastUpdated'], subject: Subject): Posting | undefined {
    if (test.prefix === 'ne') return undefined;
    const row = this.#checks.alias('p');
    const column = raw(`${row}.last_updated`);
    const [low, high] = [finite(test.low), finite(test.high)];
    const bounds = {
      eq: () => sql`${column} BETWEEN ${low} AND ${high}`,
      ap: () => sql`${column} BETWEEN ${low} AND ${high}`,
      gt: () => sql`${column} > ${high}`,
      sa: () => sql`${column} > ${high}`,
      ge: () => sql`${column} >= ${low}`,
      lt: () => sql`${column} < ${low}`,
      eb: () => sql`${column} < ${low}`,
      le: () => sql`${column} <= ${high}`,
    }[test.prefix]();
    return {
      from: raw(`docs ${row} INDEXED BY docs_updated`),
      rid: `${row}.rid`,
      where: sql`${withinBudget(`${row}.rid`)} AND ${raw(row)}.type = ${subject.type} AND ${bounds}`,
      ordered: false,
      exact: true,
    };
  }

  /** By any one component; whether the others are in the same tuple is checked. */
  #component(components: readonly Condition[], subject: Subject, depth: number): Posting | undefined {
    for (const component of components) {
      const posting = this.find(component, subject, depth + 1);
      if (posting !== undefined) return { ...posting, exact: false };
    }
    return undefined;
  }

  #refersTo(param: string, to: { type: string; where: Condition }, subject: Subject, depth: number): Posting {
    const { names, seed } = this.#checks;
    const from = names.param(subject.type, param, 'reference');
    const target = names.type(to.type);
    if (from === undefined || target === undefined) return this.#unionOf([]);
    const selection = this.#chooser.select(target, to.type, to.where, depth + 1);
    const [doc, row] = [this.#checks.alias('x'), this.#checks.alias('p')];
    return {
      from: sql`(SELECT DISTINCT ${raw(selection.rid)} AS rid FROM ${selection.from} WHERE ${selection.where}) ${raw(`${doc}s`)}
        CROSS JOIN docs ${raw(doc)} ON ${raw(`${doc}.rid = ${doc}s.rid`)}
        CROSS JOIN tokens ${raw(row)} INDEXED BY tokens_code`,
      rid: `${row}.rid`,
      where: sql`${withinBudget(`${row}.rid`)} AND ${raw(row)}.param = ${from} AND ${raw(`${row}.code = ${doc}.key`)}
        AND ${raw(row)}.system = ${hash31(seed, to.type)}`,
      ordered: false,
      exact: true,
      guess: selection.estimate * FAN_IN,
    };
  }

  #referredBy(by: { type: string; param: string; where: Condition }, subject: Subject, depth: number): Posting {
    const { names, seed } = this.#checks;
    const type = names.type(by.type);
    const param = type === undefined ? undefined : names.param(type, by.param, 'reference');
    if (type === undefined || param === undefined) return this.#unionOf([]);
    const selection = this.#chooser.select(type, by.type, by.where, depth + 1);
    const [source, row, doc] = [this.#checks.alias('s'), this.#checks.alias('t'), this.#checks.alias('p')];
    return {
      from: sql`(SELECT DISTINCT ${raw(selection.rid)} AS rid FROM ${selection.from} WHERE ${selection.where}) ${raw(source)}
        CROSS JOIN tokens ${raw(row)} ON ${raw(`${row}.rid = ${source}.rid`)} AND ${raw(row)}.param = ${param}
          AND ${raw(row)}.system = ${hash31(seed, subject.typeName)}
        CROSS JOIN docs ${raw(doc)} INDEXED BY docs_key ON ${raw(`${doc}.key = ${row}.code`)} AND ${raw(doc)}.type = ${subject.type}`,
      rid: `${doc}.rid`,
      where: withinBudget(`${doc}.rid`),
      ordered: false,
      exact: true,
      guess: selection.estimate,
    };
  }

  #subjectOf(of: { type: string; where: Condition }, subject: Subject, depth: number): Posting {
    const type = this.#checks.names.type(of.type);
    if (type === undefined) return this.#unionOf([]);
    const selection = this.#chooser.select(type, of.type, of.where, depth + 1);
    const [source, doc, row] = [this.#checks.alias('s'), this.#checks.alias('x'), this.#checks.alias('p')];
    return {
      from: sql`(SELECT DISTINCT ${raw(selection.rid)} AS rid FROM ${selection.from} WHERE ${selection.where}) ${raw(source)}
        CROSS JOIN docs ${raw(doc)} ON ${raw(`${doc}.rid = ${source}.rid`)}
        CROSS JOIN docs ${raw(row)} INDEXED BY docs_subject
          ON ${raw(`${row}.subject = ${doc}.subject AND ${row}.subject IS NOT NULL`)} AND ${raw(row)}.type = ${subject.type}`,
      rid: `${row}.rid`,
      where: withinBudget(`${row}.rid`),
      ordered: false,
      exact: true,
      guess: selection.estimate * OF_SUBJECT,
    };
  }
}
