import type { Address, Bundle, Location, Organization, Practitioner, Reference } from 'fhir/r4.js';
import { SYSTEM } from './catalogue.ts';
import { drawFrom, type Draw } from './draw.ts';
import { entriesOf, type Entries } from './entries.ts';
import { familyName, givenNames } from './names.ts';
import { address, telephone } from './places.ts';

const HOUSES = [
  'General Hospital',
  'Community Clinic',
  'Regional Medical Center',
  'Primary Care',
  'University Hospital',
];

/** The house and the person who cared; every chart has its own, as Synthea's files do. */
export interface Providers {
  readonly organisation: Reference;
  readonly location: Reference;
  readonly practitioner: Reference;
}

export function addProviders(entries: Entries, draw: Draw): Providers {
  const where = address(draw, 'work');
  const name = `${where.city} ${draw.pick(HOUSES)}`;
  const organisation = entries.add(organisationOf(draw, name, where), name);
  const location = entries.add(locationOf(organisation, name), name);
  const person = practitionerOf(draw);
  const practitioner = entries.add(person, person.name?.[0]?.text);
  return { organisation, location, practitioner };
}

/** A network of houses, each with its location and practitioners, as a transaction: 2 + `practitioners` resources a house. */
export function syntheticNetwork(options: { seed: string | number; houses?: number; practitioners?: number }): Bundle {
  const draw = drawFrom('network', options.seed);
  const entries = entriesOf(600, draw);
  for (let house = 0; house < (options.houses ?? 4); house += 1) {
    addProviders(entries, draw);
    for (let more = 1; more < (options.practitioners ?? 5); more += 1) entries.add(practitionerOf(draw));
  }
  return { resourceType: 'Bundle', type: 'transaction', entry: entries.made };
}

function organisationOf(draw: Draw, name: string, where: Address): Organization {
  return {
    resourceType: 'Organization',
    identifier: [{ system: SYSTEM.nationalProvider, value: draw.digits(10) }],
    active: true,
    type: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/organization-type',
            code: 'prov',
            display: 'Healthcare Provider',
          },
        ],
      },
    ],
    name,
    telecom: [{ system: 'phone', value: telephone(draw) }],
    address: [where],
  };
}

function locationOf(managingOrganization: Reference, name: string): Location {
  return { resourceType: 'Location', status: 'active', name, mode: 'instance', managingOrganization };
}

function practitionerOf(draw: Draw): Practitioner {
  const gender = draw.chance(0.5) ? 'female' : 'male';
  const family = familyName(draw);
  const given = givenNames(draw, gender);
  return {
    resourceType: 'Practitioner',
    identifier: [{ system: SYSTEM.nationalProvider, value: draw.digits(10) }],
    active: true,
    name: [{ use: 'official', text: `Dr. ${given[0]} ${family}`, family, given, prefix: ['Dr.'] }],
    telecom: [{ system: 'phone', value: telephone(draw), use: 'work' }],
    gender,
  };
}
