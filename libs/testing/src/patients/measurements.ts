import type { DiagnosticReport, Observation, Reference } from 'fhir/r4.js';
import { BLOOD_PRESSURE, DIASTOLIC, PANELS, SYSTEM, SYSTOLIC, VITALS, type Measure } from './catalogue.ts';
import { coded, concept, interpretation, quantity } from './concepts.ts';
import type { Scene } from './scene.ts';

/** A set of vital signs: blood pressure with its two components, then some of the rest. */
export function addVitals(scene: Scene): void {
  const { draw, entries } = scene;
  entries.add(bloodPressure(scene));
  for (const vital of VITALS) if (draw.chance(0.7)) entries.add(measured(scene, vital, 'vital-signs'));
}

/** A laboratory panel: one Observation a part, and the DiagnosticReport that gathers them. */
export function addPanel(scene: Scene): void {
  const { draw, entries } = scene;
  const panel = draw.pick(PANELS);
  const result = panel.parts.map((part) => entries.add(measured(scene, part, 'laboratory'), part.code[1]));
  const report: DiagnosticReport = {
    resourceType: 'DiagnosticReport',
    status: 'final',
    category: [coded(SYSTEM.diagnosticService, 'LAB')],
    code: concept(SYSTEM.loinc, panel.code),
    subject: scene.patient,
    encounter: scene.encounter,
    effectiveDateTime: scene.at(20),
    issued: scene.at(90),
    performer: [scene.providers.organisation],
    result,
  };
  entries.add(report);
}

function measured(scene: Scene, measure: Measure, category: 'vital-signs' | 'laboratory'): Observation {
  const value = quantity(measure, scene.draw);
  return {
    ...observation(scene, category),
    code: concept(SYSTEM.loinc, measure.code),
    valueQuantity: value,
    interpretation: [interpretation(measure, value.value)],
    ...(category === 'laboratory' ? { referenceRange: [{ low: bound(measure, 0), high: bound(measure, 1) }] } : {}),
  };
}

function bloodPressure(scene: Scene): Observation {
  const component = [SYSTOLIC, DIASTOLIC].map((measure) => ({
    code: concept(SYSTEM.loinc, measure.code),
    valueQuantity: quantity(measure, scene.draw),
  }));
  return { ...observation(scene, 'vital-signs'), code: concept(SYSTEM.loinc, BLOOD_PRESSURE), component };
}

function observation(scene: Scene, category: string): Observation & { subject: Reference } {
  return {
    resourceType: 'Observation',
    status: 'final',
    category: [coded(SYSTEM.observationCategory, category)],
    code: {},
    subject: scene.patient,
    encounter: scene.encounter,
    effectiveDateTime: scene.at(10),
    issued: scene.at(15),
    performer: [scene.providers.practitioner],
  };
}

function bound(measure: Measure, end: 0 | 1) {
  return { value: measure.normal[end], unit: measure.unit, system: SYSTEM.ucum, code: measure.unit };
}
