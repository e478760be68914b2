/** What a date of any FHIR precision stands for: the closed interval [low, high] in milliseconds since the epoch. */
export type Interval = readonly [low: number, high: number];

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+ -]\d\d:\d\d)?)?)?)?$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * The interval of a date, dateTime or instant; undefined when it is none, or names a day that does not exist.
 * What has no time zone is read as UTC. Parts of a millisecond are dropped. A space in the place of the zone's sign is
 * the `+` of a query string that was not escaped.
 */
export function dateInterval(text: string): Interval | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  if (match[2] === undefined) return [utc(year, 0, 1), utc(year + 1, 0, 1) - 1];
  const month = Number(match[2]) - 1;
  if (month < 0 || month > 11) return undefined;
  if (match[3] === undefined) return [utc(year, month, 1), utc(year, month + 1, 1) - 1];
  const day = Number(match[3]);
  if (day < 1 || day > daysOf(year, month)) return undefined;
  const midnight = utc(year, month, day);
  if (match[4] === undefined) return [midnight, midnight + 86_399_999];
  return timeInterval(midnight, match);
}

function timeInterval(midnight: number, match: RegExpExecArray): Interval | undefined {
  const hour = Number(match[4]);
  const minute = Number(match[5]);
  const second = Number(match[6] ?? 0);
  const offset = zone(match[8]);
  // FHIR's own pattern admits a leap second; it is read as the first moment of the next minute.
  if (hour > 23 || minute > 59 || second > 60 || offset === undefined) return undefined;
  const low = midnight + (hour * 60 + minute - offset) * 60_000 + second * 1000;
  if (match[6] === undefined) return [low, low + 59_999];
  if (match[7] === undefined) return [low, low + 999];
  const fraction = match[7];
  const from = low + Number(fraction.slice(0, 3).padEnd(3, '0'));
  return [from, from + (fraction.length === 1 ? 99 : fraction.length === 2 ? 9 : 0)];
}

/** Minutes east of UTC. */
function zone(text: string | undefined): number | undefined {
  if (text === undefined || text === 'Z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(4, 6));
  if (hours > 14 || minutes > 59) return undefined;
  return (text[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function daysOf(year: number, month: number): number {
  const leap = month === 1 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return leap ? 29 : DAYS[month]!;
}

/** `Date.UTC` reads the years 0 to 99 as 1900 to 1999. */
function utc(year: number, month: number, day: number): number {
  return year > 99 ? Date.UTC(year, month, day) : new Date(Date.UTC(2000, month, day)).setUTCFullYear(year);
}
