import type { CodeableConcept, Quantity } from 'fhir/r4.js';
import { SYSTEM, type Coded, type Measure } from './catalogue.ts';
import type { Draw } from './draw.ts';

export function concept(system: string, [code, display]: Coded): CodeableConcept {
  return { coding: [{ system, code, display }], text: display };
}

/** A concept whose code says all. */
export function coded(system: string, code: string): CodeableConcept {
  return { coding: [{ system, code }] };
}

export function quantity(measure: Measure, draw: Draw): Quantity & { value: number } {
  const value = draw.decimal(measure.range[0], measure.range[1], measure.decimals);
  return { value, unit: measure.unit, system: SYSTEM.ucum, code: measure.unit };
}

/** High, low or normal against the measure's own range. */
export function interpretation(measure: Measure, value: number): CodeableConcept {
  const code = value < measure.normal[0] ? 'L' : value > measure.normal[1] ? 'H' : 'N';
  return coded(SYSTEM.interpretation, code);
}
