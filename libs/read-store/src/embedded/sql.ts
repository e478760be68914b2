import type { SQLInputValue } from 'node:sqlite';
import { QueryRefused } from '../query-refused.ts';

/** A piece of SQL with the values of its placeholders. Values never become text. */
export interface Fragment {
  readonly text: string;
  readonly values: readonly SQLInputValue[];
}

/** SQLite takes 32,766 parameters a statement. */
const MAX_VALUES = 30_000;

/** Fragments are spliced in, anything else becomes a placeholder. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Fragment | string | number | null)[]): Fragment {
  let text = strings[0]!;
  const values: SQLInputValue[] = [];
  parts.forEach((part, index) => {
    if (typeof part === 'object' && part !== null) {
      text += part.text;
      for (const value of part.values) values.push(value);
    } else {
      text += '?';
      values.push(part);
    }
    text += strings[index + 1]!;
  });
  if (values.length > MAX_VALUES) throw new QueryRefused('query-too-large');
  return { text, values };
}

/** Text of our own: names of tables, columns and aliases. */
export const raw = (text: string): Fragment => ({ text, values: [] });

export const TRUE = raw('1');
export const FALSE = raw('0');

/** Halves, then halves of halves: SQLite limits how deep an expression may be, and `a OR b OR c ...` is as deep as long. */
export function joined(parts: readonly Fragment[], operator: 'AND' | 'OR'): Fragment {
  if (parts.length === 0) return operator === 'AND' ? TRUE : FALSE;
  if (parts.length === 1) return parts[0]!;
  const half = parts.length >> 1;
  return sql`(${joined(parts.slice(0, half), operator)} ${raw(operator)} ${joined(parts.slice(half), operator)})`;
}

/** The least text that is greater than every text with this prefix, or undefined when there is none. */
export function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix.toWellFormed(), (character) => character.codePointAt(0)!);
  while (points.length > 0) {
    const last = points.pop()!;
    if (last === 0x10ffff) continue;
    points.push(last === 0xd7ff ? 0xe000 : last + 1);
    return String.fromCodePoint(...points);
  }
  return undefined;
}

/**
 * Looks at the clock for one document in 128: often enough to stop a long scan, too seldom to cost. The bits are those
 * above the ones that number documents of one position. It stands before what it guards: SQLite leaves a row at the
 * first term that fails.
 */
export function withinBudget(rid: string): Fragment {
  return raw(`((${rid} & 8128) <> 0 OR within_budget())`);
}
