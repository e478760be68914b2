import { PATIENT_COMPARTMENT } from '../generated/compartment.ts';

/**
 * The search parameters that place a resource of this type in a patient's compartment (R4 CompartmentDefinition/patient),
 * for `$everything`; none for a type that is never in it. A Patient is in its own compartment besides.
 */
export const compartmentParams = (type: string): readonly string[] => PATIENT_COMPARTMENT[type]?.split(' ') ?? [];
