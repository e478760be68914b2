import { finite } from '../embedded/index-rows.ts';
import type { RangeTest } from '../query.ts';
import { and, hasText, or, type Filter } from './filters.ts';
import { highText, lowText, pointText } from './keys.ts';

/** R4 search section 3.1.1.4.5, on closed intervals: `l` and `h` are the document's, the test's what was asked for. */
function compares(prefix: RangeTest['prefix'], from: number, to: number): Filter {
  const contained = { l: { $gte: from }, h: { $lte: to } };
  switch (prefix) {
    case 'eq':
      return contained;
    case 'ne':
      return { $or: [{ l: { $lt: from } }, { h: { $gt: to } }] };
    case 'gt':
      return { h: { $gt: to } };
    case 'lt':
      return { l: { $lt: from } };
    case 'ge':
      return { $or: [{ h: { $gt: to } }, contained] };
    case 'le':
      return { $or: [{ l: { $lt: from } }, contained] };
    case 'sa':
      return { l: { $gt: to } };
    case 'eb':
      return { h: { $lt: from } };
    case 'ap':
      return { l: { $lte: to }, h: { $gte: from } };
  }
}

interface Unit {
  readonly s?: number;
  readonly c?: number;
}

/** Whether one interval of the document meets the test, in its unit. */
export const rangeRow = (name: string, test: RangeTest, unit: Unit): Filter => ({
  r: { $elemMatch: { p: name, ...unit, ...compares(test.prefix, finite(test.low), finite(test.high)) } },
});

/**
 * The same with a condition on ordered text before it, by which an index finds the documents: what the test implies for
 * one end of the interval. Where that says it all, there is no look at the intervals.
 */
export function rangeFilter(name: string, test: RangeTest, unit: Unit): Filter {
  const row = rangeRow(name, test, unit);
  const [from, to] = [finite(test.low), finite(test.high)];
  const unitless = unit.s === undefined && unit.c === undefined;
  const ends = (text: typeof lowText, bounds: (of: (name: string, value: number) => string) => Filter) =>
    or([hasText(bounds(pointText)), hasText(bounds(text))]);
  const above = (text: typeof lowText, bound: number, orEqual = false) =>
    ends(text, (of) => ({ [orEqual ? '$gte' : '$gt']: of(name, bound), $lte: of(name, Number.MAX_VALUE) }));
  const below = (text: typeof lowText, bound: number, orEqual = false) =>
    ends(text, (of) => ({ $gte: of(name, -Number.MAX_VALUE), [orEqual ? '$lte' : '$lt']: of(name, bound) }));
  const alone = (seek: Filter) => (unitless ? seek : and([seek, row]));
  switch (test.prefix) {
    case 'eq':
      return and([ends(lowText, (of) => ({ $gte: of(name, from), $lte: of(name, to) })), row]);
    case 'ne':
      return row;
    case 'gt':
      return alone(above(highText, to));
    case 'lt':
      return alone(below(lowText, from));
    case 'sa':
      return alone(above(lowText, to));
    case 'eb':
      return alone(below(highText, from));
    case 'ge':
      return and([above(highText, from, true), row]);
    case 'le':
    case 'ap':
      return and([below(lowText, to, true), row]);
  }
}

/** For an instant in whole milliseconds. An upper bound is said by what comes after it. */
export function instantFilter(field: string, test: RangeTest): Filter {
  const [from, to] = [finite(test.low), finite(test.high)];
  const past = Math.floor(to) + 1;
  switch (test.prefix) {
    case 'eq':
    case 'ap':
      return { [field]: { $gte: from, $lt: past } };
    case 'ne':
      return { $or: [{ [field]: { $lt: from } }, { [field]: { $gte: past } }] };
    case 'gt':
    case 'sa':
      return { [field]: { $gte: past } };
    case 'ge':
      return { [field]: { $gte: from } };
    case 'lt':
    case 'eb':
      return { [field]: { $lt: from } };
    case 'le':
      return { [field]: { $lt: past } };
  }
}
