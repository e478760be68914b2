export { Erasures, type ErasuresDependencies, type Retention } from './application/erasures.ts';
export { PatientsContext } from './application/patients-context.ts';
export { patientsModule } from './patients.module.ts';
