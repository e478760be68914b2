import type { Bundle, Coverage, Encounter, Reference } from 'fhir/r4.js';
import {
  addAllergy,
  addCarePlan,
  addClaim,
  addCondition,
  addImmunization,
  addMedication,
  addProcedure,
} from './care.ts';
import { SYSTEM, VISITS } from './catalogue.ts';
import { concept } from './concepts.ts';
import { drawFrom, type Draw } from './draw.ts';
import { entriesOf, type Entries } from './entries.ts';
import { addPanel, addVitals } from './measurements.ts';
import { addProviders, type Providers } from './network.ts';
import type { Scene } from './scene.ts';
import { syntheticPatient, TODAY } from './synthetic-patient.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** The patient, the providers and the coverage, which every chart begins with. */
export const SMALLEST_CHART = 6;

export interface ChartOptions {
  readonly seed: string | number;
  /** Which person of the seed's population. */
  readonly index: number;
  /** How many resources, exactly; at least 6. Default: drawn, from 40 to 1,250, about 350 in the mean. */
  readonly resources?: number;
  /** About how long each resource is, in bytes of compact JSON; prose fills it up. Default 2,000. */
  readonly bytes?: number;
}

/**
 * A person's whole chart as one FHIR R4 transaction: creates that refer to each other by `urn:uuid`, only ever
 * backwards, visit by visit up to today.
 */
export function syntheticChart(options: ChartOptions): Bundle {
  const draw = drawFrom('chart', options.seed, options.index);
  const wanted = options.resources ?? drawnSize(draw);
  if (wanted < SMALLEST_CHART) throw new RangeError(`A chart has at least ${SMALLEST_CHART} resources`);
  const entries = entriesOf(options.bytes ?? 2_000, draw);
  const person = syntheticPatient(options.seed, options.index);
  const patient = entries.add(person);
  const providers = addProviders(entries, draw);
  const coverage = entries.add(coverageOf(patient, providers));

  // A visit makes some 14 resources: the visits are spread so that the last one lies near today.
  const born = Date.parse(person.birthDate ?? '2000-01-01');
  const gap = Math.max(DAY, (TODAY - born) / (wanted / 14 + 1));
  for (let start = born + gap; entries.made.length < wanted; start += gap) {
    addVisit(draw, entries, { patient, coverage, providers, start: Math.min(start, TODAY - DAY) });
  }
  // References only point backwards, so the end can be cut off anywhere.
  return { resourceType: 'Bundle', type: 'transaction', entry: entries.made.slice(0, wanted) };
}

/** The charts of the people `from` to `from + count - 1`. */
export function* syntheticCharts(
  options: Omit<ChartOptions, 'index'> & { readonly count: number; readonly from?: number },
): Generator<Bundle> {
  const from = options.from ?? 0;
  for (let index = from; index < from + options.count; index += 1) yield syntheticChart({ ...options, index });
}

interface Visit {
  readonly patient: Reference;
  readonly coverage: Reference;
  readonly providers: Providers;
  readonly start: number;
}

function addVisit(draw: Draw, entries: Entries, visit: Visit): void {
  const from = visit.start + draw.whole(7 * 60, 18 * 60) * MINUTE;
  const at = (minutes: number): string => new Date(from + minutes * MINUTE).toISOString();
  const encounter = entries.add(encounterOf(draw, visit, at));
  const scene: Scene = { draw, entries, at, encounter, ...visit };

  addVitals(scene);
  if (draw.chance(0.45)) addPanel(scene);
  const condition = draw.chance(0.55) ? addCondition(scene) : undefined;
  if (condition !== undefined && draw.chance(0.7)) addMedication(scene, condition);
  if (condition !== undefined && draw.chance(0.2)) addCarePlan(scene, condition);
  if (draw.chance(0.5)) addProcedure(scene);
  if (draw.chance(0.25)) addImmunization(scene);
  if (draw.chance(0.04)) addAllergy(scene);
  addClaim(scene, condition);
}

function encounterOf(draw: Draw, visit: Visit, at: (minutes: number) => string): Encounter {
  const [code, display, type] = draw.pickRanked(VISITS, 1);
  return {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: SYSTEM.actCode, code, display },
    type: [concept(SYSTEM.snomed, type)],
    subject: visit.patient,
    participant: [{ individual: visit.providers.practitioner }],
    period: { start: at(0), end: at(60) },
    serviceProvider: visit.providers.organisation,
  };
}

function coverageOf(patient: Reference, providers: Providers): Coverage {
  return {
    resourceType: 'Coverage',
    status: 'active',
    beneficiary: patient,
    relationship: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/subscriber-relationship', code: 'self' }],
    },
    payor: [providers.organisation],
  };
}

/** Many charts are of some hundred resources and a few of more than a thousand, as Synthea's are. */
function drawnSize(draw: Draw): number {
  const skew = draw.decimal(0, 1, 6) ** 2.6;
  return Math.round(40 + 1_210 * skew);
}
