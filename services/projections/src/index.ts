export { applyBatch } from './application/apply-batch.ts';
export { projectBatch } from './application/project-batch.ts';
export { FACILITY_PARAM, PATIENT_FACILITY } from './domain/patient-facility.ts';
export { POISON_EVENT, type PoisonEvent } from './domain/poison-event.ts';
export { project } from './domain/record-projector.ts';
export {
  Projections,
  RECORDS,
  type ProjectionsOptions,
  type ProjectionState,
  type ProjectionStatus,
} from './projections.ts';
export { projectionsModule } from './projections.module.ts';
export type { RebuildProgress } from './thread-messages.ts';
