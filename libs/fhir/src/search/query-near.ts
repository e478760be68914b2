import type { Condition } from '@anamnesis/read-store';
import { splitEscaped, unescaped } from './query-text.ts';
import { badValue } from './query-issue.ts';

const KM_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['km', 1],
  ['m', 0.001],
  ['[mi_us]', 1.609347],
  ['[mi_i]', 1.609344],
]);
const KM_A_DEGREE = 111.195;
const DEFAULT_KM = 50;

/**
 * Location `near`: `[latitude]|[longitude]|[distance]|[units]` (R4 Location 8.6.5.1). Answered by the box that holds
 * the circle, which the specification leaves to the server; without a distance, 50 km.
 */
export function nearCondition(param: string, value: string): Condition {
  const parts = splitEscaped(value, '|').map(unescaped);
  const [latitude, longitude, distance] = [parts[0], parts[1], parts[2] || String(DEFAULT_KM)].map(decimal);
  const unit = KM_OF_UNIT.get(parts[3] ?? '');
  if (
    parts.length < 2 ||
    parts.length > 4 ||
    unit === undefined ||
    latitude === undefined ||
    longitude === undefined ||
    distance === undefined
  )
    throw misread();
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || distance < 0) throw misread();
  const north = (distance * unit) / KM_A_DEGREE;
  const shrink = Math.cos((Math.min(89.9, Math.abs(latitude) + north) * Math.PI) / 180);
  const east = Math.min(180, north / Math.max(shrink, 0.001));
  const boxes = longitudes(longitude - east, longitude + east).map(([from, to]): Condition => ({
    composite: [
      { param: `${param}$latitude`, range: { prefix: 'eq', low: latitude - north, high: latitude + north } },
      { param: `${param}$longitude`, range: { prefix: 'eq', low: from, high: to } },
    ],
  }));
  return boxes.length === 1 ? boxes[0]! : { any: boxes };
}

/** A box across the 180th meridian is two. */
function longitudes(from: number, to: number): readonly (readonly [number, number])[] {
  if (from < -180)
    return [
      [from + 360, 180],
      [-180, to],
    ];
  if (to > 180)
    return [
      [from, 180],
      [-180, to - 360],
    ];
  return [[from, to]];
}

const decimal = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d{1,6}(\.\d{1,15})?$/.test(text) ? Number(text) : undefined;
const misread = (): Error =>
  badValue('A place is [latitude]|[longitude]|[distance]|[units], in degrees and km, m or [mi_us].');
