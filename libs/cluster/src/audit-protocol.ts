/** Where the audit service answers what the gateway and the contexts ask of the log's index and of the trail. */
export const AUDIT_PATH = '/internal/audit';

export const AUDIT_CALLS = ['positionsOf', 'positionAt', 'read', 'search'] as const;

export type AuditCall = (typeof AUDIT_CALLS)[number];
