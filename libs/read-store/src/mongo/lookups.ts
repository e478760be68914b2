import type { Condition } from '../query.ts';
import { isContains, type Checked, type Looked } from './compile.ts';
import { anyId, anyPair, type Filter } from './filters.ts';
import { referenceText, stringText, type Keys } from './keys.ts';
import type { Row } from './ordering.ts';
import type { StoredDocument } from './schema.ts';

/** Documents of a type that meet a condition and a filter: at most `limit`, or undefined when there are more. */
export type Inner = (
  type: string,
  where: Condition,
  also: Filter | undefined,
  limit: number,
) => Promise<readonly InnerRow[] | undefined>;

export type InnerRow = Pick<StoredDocument, '_id' | 'sub' | 'e'>;
/** What of a candidate is looked at. */
export type CandidateRow = Row & Partial<Pick<StoredDocument, 'sub' | 'e' | 's'>>;

/** Up to how many documents are found behind a condition first, and the query asks for those that belong to them. */
export interface Few {
  readonly chain: number;
  /** Who may see whom: usually most of all patients. Then the documents come first, and are checked. */
  readonly subjectOf: number;
}

export const FEW: Few = { chain: 1_000, subjectOf: 64 };

/** Conditions that lead to other documents, from either side. */
export class Lookups {
  readonly #keys: Keys;
  readonly #type: string;
  readonly #inner: Inner;
  readonly #few: Few;

  constructor(keys: Keys, type: string, inner: Inner, few: Few) {
    this.#keys = keys;
    this.#type = type;
    this.#inner = inner;
    this.#few = few;
  }

  /** The documents that meet the condition, as a filter; undefined when too many lie behind it. */
  async ahead(condition: Looked): Promise<Filter | undefined> {
    const { type, where } = behind(condition);
    const rows = await this.#inner(type, where, undefined, this.#few['subjectOf' in condition ? 'subjectOf' : 'chain']);
    if (rows === undefined) return undefined;
    if ('refersTo' in condition) return this.#referringTo(condition.param, type, rows.map(idOf));
    if ('subjectOf' in condition) return { sub: { $in: subjects(rows) } };
    return anyId(this.#referredTo(type, condition.referredBy.param, rows));
  }

  /** Which of the candidates meet the condition. */
  async among(condition: Checked, rows: readonly CandidateRow[]): Promise<readonly string[]> {
    if (isContains(condition)) {
      const [start, part] = [stringText(this.#keys.name(this.#type, condition.param), ''), condition.string.contains];
      const meets = (text: string) => text.startsWith(start) && text.includes(part, start.length);
      return rows.filter(({ s = [] }) => s.some(meets)).map(({ _id }) => _id);
    }
    const { type, where } = behind(condition);
    const inner = async (also: Filter) => (await this.#inner(type, where, also, Infinity)) ?? [];
    if ('refersTo' in condition) {
      const start = referenceText(this.#keys.name(this.#type, condition.param), type, '');
      const targets = (row: CandidateRow) =>
        (row.e ?? [])
          .filter((text) => text.startsWith(start))
          .map((text) => text.slice(start.length - type.length - 1));
      const found = new Set((await inner(anyId([...new Set(rows.flatMap(targets))]))).map(({ _id }) => _id));
      return rows.filter((row) => targets(row).some((target) => found.has(target))).map(({ _id }) => _id);
    }
    if ('subjectOf' in condition) {
      const asked = [...new Set(rows.flatMap(({ sub }) => sub ?? []))];
      const found = new Set(asked.length === 0 ? [] : subjects(await inner({ sub: { $in: asked } })));
      return rows.filter(({ sub }) => typeof sub === 'string' && found.has(sub)).map(({ _id }) => _id);
    }
    const { param } = condition.referredBy;
    const pairs = rows.map((row) => this.#keys.found(type, param, 'reference', this.#type, idOf(row)));
    return this.#referredTo(type, param, await inner(anyPair(pairs)));
  }

  #referringTo(param: string, type: string, ids: readonly string[]): Filter {
    return anyPair(ids.map((id) => this.#keys.found(this.#type, param, 'reference', type, id)));
  }

  /** The keys of documents of this type that the rows refer to. */
  #referredTo(type: string, param: string, rows: readonly InnerRow[]): string[] {
    const start = referenceText(this.#keys.name(type, param), this.#type, '');
    const texts = rows.flatMap(({ e }) => e.filter((text) => text.startsWith(start)));
    return [...new Set(texts.map((text) => text.slice(start.length - this.#type.length - 1)))];
  }
}

const idOf = ({ _id }: { readonly _id: string }): string => _id.slice(_id.indexOf('/') + 1);

const subjects = (rows: readonly InnerRow[]): string[] => [...new Set(rows.flatMap(({ sub }) => sub ?? []))];

function behind(condition: Looked): { readonly type: string; readonly where: Condition } {
  if ('refersTo' in condition) return condition.refersTo;
  return 'referredBy' in condition ? condition.referredBy : condition.subjectOf;
}
