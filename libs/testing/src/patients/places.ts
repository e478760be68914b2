import type { Address } from 'fhir/r4.js';
import type { Draw } from './draw.ts';

/** Invented towns: [town, first three digits of its postal codes]. */
const TOWNS: readonly (readonly [string, string])[] = [
  ['Alderhaven', '010'],
  ['Brackwater', '012'],
  ['Calder Falls', '014'],
  ['Dunmere', '015'],
  ['Eastlow', '017'],
  ['Fenwick Harbor', '018'],
  ['Graystone', '020'],
  ['Hollow Creek', '021'],
  ['Ironbridge', '023'],
  ['Juniper Bay', '024'],
  ['Kestrel Point', '026'],
  ['Larkfield', '027'],
];
const STREETS = [
  'Mill',
  'Orchard',
  'Harbor',
  'Chapel',
  'Quarry',
  'Station',
  'Meadow',
  'Linden',
  'Canal',
  'Beacon',
  'Ferry',
  'Garden',
];
const WAYS = ['Street', 'Road', 'Lane', 'Avenue', 'Row', 'Close'];

/** A postal address in the state whose every town is invented. */
export function address(draw: Draw, use: 'home' | 'work'): Address {
  const [city, area] = draw.pickRanked(TOWNS, 6);
  return {
    use,
    line: [
      `${draw.whole(1, 980)} ${draw.pick(STREETS)} ${draw.pick(WAYS)}`,
      ...(draw.chance(0.25) ? [`Apt ${draw.whole(1, 48)}`] : []),
    ],
    city,
    state: 'Massachusetts',
    postalCode: `${area}${draw.digits(2)}`,
    country: 'US',
  };
}

/** A number out of the range 555-0100 to 555-0199, which is kept free for fiction (North American Numbering Plan). */
export function telephone(draw: Draw): string {
  return `+1-${draw.whole(201, 989)}-555-01${draw.digits(2)}`;
}
