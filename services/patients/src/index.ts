export { Erasures, type ErasuresDependencies, type Retention } from './application/erasures.ts';
export { ERASURE_REFUSALS } from './domain/erasure.ts';
export { HOLD_REFUSALS } from './domain/legal-hold.ts';
export { complianceProblemOf } from './http/compliance.controller.ts';
export { PatientsContext } from './application/patients-context.ts';
export { patientsModule } from './patients.module.ts';
