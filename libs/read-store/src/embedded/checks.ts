import type { Condition } from '../query.ts';
import { QueryRefused } from '../query-refused.ts';
import { hash31, hash53, type Seed } from './hash.ts';
import { leaves, rangePredicate } from './leaves.ts';
import type { Names } from './names.ts';
import { FALSE, joined, raw, sql, TRUE, withinBudget, type Fragment } from './sql.ts';

/** How deep conditions may stand in each other. */
const MAX_DEPTH = 64;

/** A document under consideration: an alias of `docs`, and the type that its parameters belong to. */
export interface Subject {
  readonly alias: string;
  readonly type: number;
  readonly typeName: string;
  /** Within a composite: an SQL expression for the number that the components' entries share. */
  readonly tuple?: string;
}

/** Conditions as expressions on one row of `docs`, each answered by seeks that begin with that document. */
export class Checks {
  readonly names: Names;
  readonly seed: Seed;
  #aliases = 0;

  constructor(names: Names, seed: Seed) {
    this.names = names;
    this.seed = seed;
  }

  alias(letter: string): string {
    this.#aliases += 1;
    return `${letter}${this.#aliases}`;
  }

  check(condition: Condition, subject: Subject, depth = 0): Fragment {
    if (depth > MAX_DEPTH) throw new QueryRefused('query-too-large');
    const each = (parts: readonly Condition[]) => parts.map((part) => this.check(part, subject, depth + 1));
    const doc = raw(subject.alias);
    if ('all' in condition) return joined(each(condition.all), 'AND');
    if ('any' in condition) return joined(each(condition.any), 'OR');
    if ('not' in condition) return sql`NOT (${this.check(condition.not, subject, depth + 1)})`;
    if ('ids' in condition) return sql`${doc}.rid IN (${this.withIds(condition.ids, subject.type)})`;
    if ('subject' in condition)
      return sql`(${doc}.subject IS NOT NULL AND ${doc}.subject IN (${this.subjects(condition.subject)}))`;
    if ('ownerless' in condition) return sql`${doc}.subject IS NULL`;
    if ('lastUpdated' in condition) {
      const instant = sql`${doc}.last_updated`;
      return rangePredicate(condition.lastUpdated, instant, instant);
    }
    if ('composite' in condition) return this.#composite(condition.composite, subject, depth);
    if ('refersTo' in condition) return this.#refersTo(condition.param, condition.refersTo, subject, depth);
    if ('referredBy' in condition) return this.#referredBy(condition.referredBy, subject, depth);
    if ('subjectOf' in condition) return this.#subjectOf(condition.subjectOf, subject, depth);
    const has = this.#has(condition, subject);
    return 'missing' in condition && condition.missing ? sql`NOT ${has}` : has;
  }

  /** Numbers of the documents with these ids. */
  withIds(ids: readonly string[], type: number): Fragment {
    const keys = JSON.stringify(ids.map((id) => [hash53(this.seed, id), id]));
    return sql`SELECT id_d.rid FROM json_each(${keys}) id_k
      CROSS JOIN docs id_d INDEXED BY docs_key ON id_d.key = id_k.value ->> 0 AND id_d.type = ${type}
      CROSS JOIN bodies id_b ON id_b.rid = id_d.rid AND id_b.id = id_k.value ->> 1`;
  }

  subjects(subjects: readonly string[]): Fragment {
    return sql`SELECT value FROM json_each(${JSON.stringify(subjects.map((subject) => hash53(this.seed, subject)))})`;
  }

  #has(condition: Extract<Condition, { param: string }>, subject: Subject): Fragment {
    const found = leaves(condition, subject.type, this.names, this.seed).map(({ table, param, predicate }) => {
      const row = this.alias('r');
      return sql`EXISTS (SELECT 1 FROM ${raw(`${table} ${row}`)} WHERE ${raw(row)}.rid = ${raw(subject.alias)}.rid
        AND ${raw(row)}.param = ${param} AND ${predicate(row)} AND ${inTuple(row, subject)})`;
    });
    return joined(found, 'OR');
  }

  #composite(components: readonly Condition[], subject: Subject, depth: number): Fragment {
    // Within a composite value there is only that value.
    if (subject.tuple !== undefined) return this.check({ all: components }, subject, depth + 1);
    const tuple = this.alias('u');
    const of = (table: string) => raw(`SELECT tuple FROM ${table} WHERE rid = ${subject.alias}.rid AND tuple > 0`);
    const within = { ...subject, tuple: `${tuple}.tuple` };
    const checks = components.map((component) => this.check(component, within, depth + 1));
    return sql`EXISTS (SELECT 1 FROM (${of('tokens')} UNION ALL ${of('strings')} UNION ALL ${of('ranges')}) ${raw(tuple)}
      WHERE ${joined(checks, 'AND')})`;
  }

  #refersTo(
    param: string,
    { type, where }: { type: string; where: Condition },
    subject: Subject,
    depth: number,
  ): Fragment {
    const from = this.names.param(subject.type, param, 'reference');
    const target = this.names.type(type);
    if (from === undefined || target === undefined) return FALSE;
    const [reference, doc] = [this.alias('t'), this.alias('x')];
    const [r, x] = [raw(reference), raw(doc)];
    return sql`EXISTS (SELECT 1 FROM tokens ${r} CROSS JOIN docs ${x} INDEXED BY docs_key
      ON ${x}.key = ${r}.code AND ${x}.type = ${target}
      WHERE ${r}.rid = ${raw(subject.alias)}.rid AND ${r}.param = ${from} AND ${r}.system = ${hash31(this.seed, type)}
      AND ${inTuple(reference, subject)} AND ${this.check(where, { alias: doc, type: target, typeName: type }, depth + 1)})`;
  }

  #referredBy(by: { type: string; param: string; where: Condition }, subject: Subject, depth: number): Fragment {
    const type = this.names.type(by.type);
    const param = type === undefined ? undefined : this.names.param(type, by.param, 'reference');
    if (type === undefined || param === undefined) return FALSE;
    const [reference, doc] = [this.alias('t'), this.alias('x')];
    const [r, x] = [raw(reference), raw(doc)];
    return sql`EXISTS (SELECT 1 FROM tokens ${r} INDEXED BY tokens_code CROSS JOIN docs ${x} ON ${x}.rid = ${r}.rid
      WHERE ${r}.param = ${param} AND ${withinBudget(`${reference}.rid`)} AND ${r}.code = ${raw(subject.alias)}.key
      AND ${r}.system = ${hash31(this.seed, subject.typeName)}
      AND ${this.check(by.where, { alias: doc, type, typeName: by.type }, depth + 1)})`;
  }

  #subjectOf({ type: typeName, where }: { type: string; where: Condition }, subject: Subject, depth: number): Fragment {
    const type = this.names.type(typeName);
    if (type === undefined) return FALSE;
    const doc = this.alias('x');
    const x = raw(doc);
    return sql`EXISTS (SELECT 1 FROM docs ${x} INDEXED BY docs_subject
      WHERE ${withinBudget(`${doc}.rid`)} AND ${x}.subject = ${raw(subject.alias)}.subject AND ${x}.subject IS NOT NULL AND ${x}.type = ${type}
      AND ${this.check(where, { alias: doc, type, typeName }, depth + 1)})`;
  }
}

function inTuple(row: string, subject: Subject): Fragment {
  return subject.tuple === undefined ? TRUE : raw(`${row}.tuple = ${subject.tuple}`);
}
