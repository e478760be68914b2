import type { Interval } from './dates.ts';
import { numberOf } from './numbers.ts';

/**
 * The bounds of a SampledData's values, which is what value-quantity searches of it (R4 Observation). A sample is
 * origin + value x factor; `U` and `L` stand for the stated limits, `E` for an error.
 */
export function sampledInterval(of: Readonly<Record<string, unknown>>): Interval | undefined {
  const origin = numberOf((of.origin as { readonly value?: unknown } | undefined)?.value) ?? 0;
  const factor = numberOf(of.factor) ?? 1;
  let low = Infinity;
  let high = -Infinity;
  for (const sample of typeof of.data === 'string' ? of.data.split(' ') : []) {
    const raw =
      sample === 'U' ? numberOf(of.upperLimit) : sample === 'L' ? numberOf(of.lowerLimit) : Number(sample || NaN);
    if (raw === undefined || !Number.isFinite(raw)) continue;
    const value = origin + raw * factor;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}
