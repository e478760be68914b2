export * from './access.ts';
export { type AccessContext, AccessRecorder, type RecordSpool } from './access-recorder.ts';
export { recordAuditLifecycle } from './audit-lifecycle.ts';
export { AccessSpool } from './access-spool.ts';
export { IdentityRecords } from './identity-records.ts';
export { SealedSpool, type SpooledRecords } from './sealed-spool.ts';
export { type Accesses, openAccesses, type OpenAccessesOptions, SPOOL_BYTES } from './open-accesses.ts';
