export { PatientsContext } from './application/patients-context.ts';
