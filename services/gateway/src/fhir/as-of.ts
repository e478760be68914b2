import { clinicalTime } from '@anamnesis/contracts';
import type { Instant, Position } from '@anamnesis/kernel';
import type { Json } from '@anamnesis/records';
import type { FhirDependencies } from './dependencies.ts';
import { parameter, type FhirRequest } from './exchange.ts';
import { problem } from './problem.ts';

/** The two moments a question can be asked of: what was known then, and what was true then. */
export interface Moment {
  /** The last position that was known; undefined: all that is known now. */
  readonly upTo?: Position;
  /** Only what was true then. */
  readonly effective?: Instant;
}

const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/;

/**
 * `_asOf` and `_effectiveAsOf` of a request; each alone. An instant, or an R4 date that stands for its end
 * (`2019-03` is the last millisecond of that March, UTC).
 */
export async function momentOf(request: FhirRequest, { log }: Pick<FhirDependencies, 'log'>): Promise<Moment> {
  const asOf = parameter(request, '_asOf');
  const effective = parameter(request, '_effectiveAsOf');
  if (asOf !== undefined && effective !== undefined) {
    throw problem(400, 'invalid', 'Ask for _asOf or for _effectiveAsOf, not for both.');
  }
  if (asOf !== undefined) return { upTo: await log.positionAt(instantIn(asOf, '_asOf')) };
  if (effective !== undefined) return { effective: instantIn(effective, '_effectiveAsOf') };
  return {};
}

/** A moment asked of what cannot answer it must not be passed over: the answer would be of another time. */
export function refuseMoment(query: FhirRequest['query']): void {
  const asked = query.find(([name]) => name === '_asOf' || name === '_effectiveAsOf');
  if (!asked) return;
  throw problem(400, 'not-supported', 'A moment can be asked of read and of $everything.', [`http.${asked[0]}`]);
}

/** The last millisecond that a date or instant covers; throws 400 for a date that does not exist. */
export function instantIn(text: string, name: string): Instant {
  const end = endOf(text.replace(' ', '+')); // an unescaped + arrives as a blank
  if (end === undefined) throw problem(400, 'value', 'This is no R4 date or instant.', [`http.${name}`]);
  return end;
}

/** The last millisecond of an R4 date, dateTime or instant; undefined when there is no such date. */
export function endOf(text: string): Instant | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const date = { y: Number(year), m: Number(month ?? 1), d: Number(day ?? 1) };
  const start = Date.UTC(date.y, date.m - 1, date.d);
  const real = new Date(start);
  if (real.getUTCMonth() !== date.m - 1 || real.getUTCDate() !== date.d) return undefined;
  if (hour === undefined) {
    if (day !== undefined) return start + 86_400_000 - 1;
    return (month === undefined ? Date.UTC(date.y + 1, 0, 1) : Date.UTC(date.y, date.m, 1)) - 1;
  }
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 60) return undefined;
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0${fraction}`) * 1_000);
  const local = start + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second ?? 59)) * 1_000;
  return local + (second === undefined ? 999 : ms) - zoneOffset(zone!);
}

function zoneOffset(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

const startOf = (text: string): Instant => Date.parse(text.length === 4 ? `${text}-01-01` : text);

/** Whether a resource's clinical time covers an instant; what has none counts from when it was recorded. */
export function coversInstant(type: string, resource: Json, recordedAt: Instant, instant: Instant): boolean {
  const { start, end } = clinicalTime(type, resource);
  const from = start === undefined ? recordedAt : startOf(start);
  const to = end === undefined ? Infinity : (endOf(end) ?? Infinity);
  return from <= instant && instant <= to;
}
