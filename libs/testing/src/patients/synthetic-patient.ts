import type { Patient } from 'fhir/r4.js';
import { SYSTEM } from './catalogue.ts';
import { drawFrom, type Draw } from './draw.ts';
import { familyName, givenNames } from './names.ts';
import { address, telephone } from './places.ts';

const DAY = 86_400_000;
/** "Today" of every synthetic record; a fixed day, so that a seed means the same people for ever. */
export const TODAY = Date.UTC(2026, 0, 15);
const OLDEST = 95 * 365.25 * DAY;

/**
 * The `index`-th person of the seed's population: an R4 Patient without an id, about 1 KB of JSON. Each is made by
 * itself, so any part of a population can be made without the rest. Nobody in it is anybody.
 */
export function syntheticPatient(seed: string | number, index: number): Patient {
  const draw = drawFrom('patient', seed, index);
  const gender = draw.chance(0.51) ? 'female' : 'male';
  const family = familyName(draw);
  const given = givenNames(draw, gender);
  const birthDate = day(TODAY - draw.decimal(0, 1, 6) * OLDEST);
  const deceased = draw.chance(0.03);
  return {
    resourceType: 'Patient',
    identifier: identifiers(draw, seed, index),
    active: true,
    name: [
      { use: 'official', family, given },
      ...(draw.chance(0.1) ? [{ use: 'maiden' as const, family: familyName(draw), given }] : []),
    ],
    telecom: [
      { system: 'phone', value: telephone(draw), use: 'home' },
      ...(draw.chance(0.6) ? [{ system: 'email' as const, value: `person-${index}@mail.example.org` }] : []),
    ],
    gender,
    birthDate,
    ...(deceased ? { deceasedDateTime: day(TODAY - draw.whole(1, 700) * DAY, birthDate) } : {}),
    address: [address(draw, 'home')],
    maritalStatus: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: draw.pick(['M', 'S', 'D', 'W']) },
      ],
    },
    communication: [
      {
        language: {
          coding: [{ system: 'urn:ietf:bcp:47', code: draw.pickRanked(['en', 'es', 'de', 'fr', 'tr'], 0.4) }],
        },
      },
    ],
  };
}

/** The people `from` to `from + count - 1` of the seed's population, in order. */
export function* syntheticPatients(seed: string | number, count: number, from = 0): Generator<Patient> {
  for (let index = from; index < from + count; index += 1) yield syntheticPatient(seed, index);
}

/** The medical record number is a mark of the seed and the index itself: no two people of a population share one. */
function identifiers(draw: Draw, seed: string | number, index: number): NonNullable<Patient['identifier']> {
  const typed = (code: string, display: string) => ({
    coding: [{ system: SYSTEM.identifierType, code, display }],
    text: display,
  });
  return [
    {
      use: 'usual',
      type: typed('MR', 'Medical Record Number'),
      system: SYSTEM.medicalRecord,
      value: `MR${drawFrom('mark', seed).digits(5)}-${String(index).padStart(7, '0')}`,
    },
    // Area numbers from 900 on are never assigned (United States Social Security Administration).
    {
      type: typed('SS', 'Social Security Number'),
      system: SYSTEM.socialSecurity,
      value: `9${draw.digits(2)}-${draw.digits(2)}-${draw.digits(4)}`,
    },
  ];
}

/** The date of an instant as `yyyy-mm-dd`, never before `earliest` nor after today. */
function day(instant: number, earliest = ''): string {
  const date = new Date(instant).toISOString().slice(0, 10);
  return date < earliest ? earliest : date;
}
