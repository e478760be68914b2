export * from './clinical-time.ts';
export * from './event-types.ts';
export * from './ownership.ts';
export * from './record.ts';
export { upcast, upcasting, type UpcastStep, type UpcastSteps } from './upcasters.ts';
export { RECORDS } from './read-models.ts';
