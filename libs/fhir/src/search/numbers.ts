import type { Interval } from './dates.ts';

const NUMBER = /^[+-]?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** A JSON number, plain or with its lexical form kept (`JSON.rawJSON`); undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null || !('rawJSON' in value)) return undefined;
  const number = Number(value.rawJSON);
  return Number.isFinite(number) ? number : undefined;
}

export interface AskedNumber {
  readonly value: number;
  /** The numbers that round to it at the precision it was written with: [99.5, 100.5) for `100`, closed above. */
  readonly implied: Interval;
}

/**
 * A number as a query writes it, with its implied precision (R4 search 3.1.1.4.6): half a unit of the last digit
 * written, so `1e2`, one significant figure, is [50, 150).
 */
export function askedNumber(text: string): AskedNumber | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  const exponent = Number(match[3] ?? 0) - (match[2]?.length ?? 0);
  return { value, implied: [shifted(text, exponent, -5), below(shifted(text, exponent, 5))] };
}

/** The number plus `fives` in the place after its last digit, computed on digits so that 5.4 gives 5.35 exactly as written. */
function shifted(text: string, exponent: number, fives: number): number {
  const [mantissa = ''] = text.toLowerCase().split('e');
  const digits = BigInt(mantissa.replace(/[+.-]/g, '')) * (mantissa.startsWith('-') ? -1n : 1n);
  return Number(`${digits * 10n + BigInt(fives)}e${exponent - 1}`);
}

const float = new Float64Array(1);
const bits = new BigInt64Array(float.buffer);

/** The greatest double below a number. */
function below(value: number): number {
  if (value === 0) return -Number.MIN_VALUE;
  float[0] = value;
  bits[0] = bits[0]! + (value > 0 ? -1n : 1n);
  return float[0];
}
