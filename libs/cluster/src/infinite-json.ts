/**
 * JSON for what services ask each other: open intervals have infinite ends, which JSON would turn into null.
 * Neither end ever stands as text in what is sent this way.
 */
const POSITIVE = '\u221e';
const NEGATIVE = '-\u221e';

export const writeInfinite = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) => (one === Infinity ? POSITIVE : one === -Infinity ? NEGATIVE : one));

/** For the two ends of a range only: any other text stays what it is. */
export const readInfinite = (text: string): unknown =>
  JSON.parse(text, (key, one: unknown) => {
    if (key !== 'low' && key !== 'high') return one;
    return one === POSITIVE ? Infinity : one === NEGATIVE ? -Infinity : one;
  });
