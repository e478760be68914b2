export { type AccessContext, AccessRecorder, type RecordSpool } from './application/access-recorder.ts';
export { type AuditPage, type AuditQuery, AuditTrail, type TrailOptions } from './application/audit-trail.ts';
export { IdentityRecords } from './application/identity-records.ts';
export { PROOF_PROBLEMS } from './http/audit.controller.ts';
export { auditModule } from './audit.module.ts';
export { AuditTree, type AuditTreeOptions } from './audit-tree.ts';
export * from './checkpoint/index.ts';
export {
  ACCESS_TYPES,
  type AccessEntry,
  type AccessFacts,
  accessFacts,
  type AccessInteraction,
  accessStream,
  type AccessType,
  isAccessRecord,
  readAccessFacts,
} from './domain/access.ts';
export {
  type AuditedEvent,
  auditEvent,
  type AuditEventResource,
  type AuditSource,
  parseAuditEventId,
} from './domain/audit-event.ts';
export { type TrailRow, trailRow } from './domain/trail-row.ts';
export { type Audit, openAudit, type OpenAuditOptions } from './open-audit.ts';
export {
  leafHash,
  verifyConsistency,
  verifyInclusion,
  type ConsistencyClaim,
  type InclusionClaim,
} from './tree/index.ts';
export type { RawLog } from './raw-log.ts';
export * from './verify/index.ts';
