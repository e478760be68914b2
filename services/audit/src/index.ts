export { type AuditEventPage, type AuditEventSearch, AuditQuestions } from './application/audit-questions.ts';
export { type AuditPage, type AuditQuery, AuditTrail, type TrailOptions } from './application/audit-trail.ts';
export { PROOF_PROBLEMS } from './http/audit.controller.ts';
export { auditModule } from './audit.module.ts';
export { AuditTree, type AuditTreeOptions } from './audit-tree.ts';
export * from './checkpoint/index.ts';
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
export { keptRawLog, type RawEvent, type RawLog } from './raw-log.ts';
export type { LogSource, LogSourceAddress } from './sequencing/log-source.ts';
export * from './verify/index.ts';
