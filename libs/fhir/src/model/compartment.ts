import { PATIENT_COMPARTMENT } from '../generated/compartment.ts';

/**
 * The search parameters that place a resource of this type in a patient's compartment; none: it is never in one.
 * Besides R4's 66 types the definitions package has Task here, rightly: a task for a patient tells of the patient.
 */
export function compartmentParameters(type: string): readonly string[] {
  return Object.hasOwn(PATIENT_COMPARTMENT, type) ? PATIENT_COMPARTMENT[type]!.split(' ') : [];
}
