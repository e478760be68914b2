/**
 * Search as a reader of the R4 page would do it by hand: no index, one predicate after the other. It knows just the
 * kinds of parameters that the suite asks for, and shares no line with the record.
 */
import type { Resource } from './fhir-client.ts';

export type Predicate = (resource: Resource) => boolean;

/** Every value at a path such as `name.family`; lists are walked through. */
export function valuesAt(value: unknown, path: string): unknown[] {
  return path.split('.').reduce<unknown[]>(
    (values, name) =>
      values.flatMap((each) => {
        const next = typeof each === 'object' && each !== null ? (each as Record<string, unknown>)[name] : undefined;
        return Array.isArray(next) ? (next as unknown[]) : next === undefined ? [] : [next];
      }),
    [value],
  );
}

const folded = (text: unknown): string => String(text).normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

const strings = (resource: Resource, paths: readonly string[]): string[] =>
  paths.flatMap((path) => valuesAt(resource, path)).map(String);

export const startsWith =
  (paths: readonly string[], text: string): Predicate =>
  (resource) =>
    strings(resource, paths).some((value) => folded(value).startsWith(folded(text)));

export const contains =
  (paths: readonly string[], text: string): Predicate =>
  (resource) =>
    strings(resource, paths).some((value) => folded(value).includes(folded(text)));

export const exactly =
  (paths: readonly string[], text: string): Predicate =>
  (resource) =>
    strings(resource, paths).includes(text);

interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly value?: string;
}

/** `code`, `system|code`, `|code` or `system|` against codings or identifiers at a path. */
export const token =
  (path: string, wanted: string): Predicate =>
  (resource) =>
    (valuesAt(resource, path) as Coding[]).some((coding) => {
      const code = coding.code ?? coding.value;
      const bar = wanted.indexOf('|');
      if (bar < 0) return code === wanted;
      const [system, rest] = [wanted.slice(0, bar), wanted.slice(bar + 1)];
      return (coding.system ?? '') === system && (rest === '' || code === rest);
    });

export const refersTo =
  (path: string, target: string): Predicate =>
  (resource) =>
    valuesAt(resource, `${path}.reference`).includes(target);

export const not =
  (predicate: Predicate): Predicate =>
  (resource) =>
    !predicate(resource);

export const all =
  (...predicates: readonly Predicate[]): Predicate =>
  (resource) =>
    predicates.every((predicate) => predicate(resource));

interface Range {
  readonly start: number;
  readonly end: number;
}

/** What an R4 date, dateTime or instant covers, in milliseconds; a time without a zone does not occur here. */
export function rangeOf(text: string): Range {
  const start = Date.parse(text.length === 4 ? `${text}-01-01` : text.length === 7 ? `${text}-01` : text);
  const [year, month] = [Number(text.slice(0, 4)), Number(text.slice(5, 7))];
  if (text.length === 4) return { start, end: Date.UTC(year + 1, 0, 1) - 1 };
  if (text.length === 7) return { start, end: Date.UTC(year, month, 1) - 1 };
  if (text.length === 10) return { start, end: start + 86_400_000 - 1 };
  return { start, end: /\.\d/.test(text) ? start : start + 999 };
}

/** A Period or a date at a path; a side that is not stated is open. */
function covered(value: unknown): Range {
  if (typeof value === 'string') return rangeOf(value);
  const { start, end } = value as { start?: string; end?: string };
  return {
    start: start === undefined ? -Infinity : rangeOf(start).start,
    end: end === undefined ? Infinity : rangeOf(end).end,
  };
}

/** R4 search.html#prefix. */
const COMPARE: Readonly<Record<string, (target: Range, asked: Range) => boolean>> = {
  eq: within,
  ne: (target, asked) => !within(target, asked),
  gt: (target, asked) => target.end > asked.end,
  lt: (target, asked) => target.start < asked.start,
  ge: (target, asked) => target.end > asked.end || within(target, asked),
  le: (target, asked) => target.start < asked.start || within(target, asked),
  sa: (target, asked) => target.start > asked.end,
  eb: (target, asked) => target.end < asked.start,
};

function within(target: Range, asked: Range): boolean {
  return asked.start <= target.start && target.end <= asked.end;
}

export function date(paths: readonly string[], prefix: keyof typeof COMPARE, text: string): Predicate {
  const asked = rangeOf(text);
  return (resource) =>
    paths.flatMap((path) => valuesAt(resource, path)).some((value) => COMPARE[prefix]!(covered(value), asked));
}

export const PREFIXES = Object.keys(COMPARE);
