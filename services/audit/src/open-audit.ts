import type { EventReader } from '@anamnesis/event-store';
import { SealedJournalReader } from '@anamnesis/journal';
import type { KeyReader } from '@anamnesis/key-vault';
import { AuditTrail } from './application/audit-trail.ts';
import { AuditTree, type AuditTreeOptions } from './audit-tree.ts';
import type { AuditSource } from './domain/audit-event.ts';
import type { RawLog } from './raw-log.ts';

export interface OpenAuditOptions extends AuditTreeOptions {
  readonly log: EventReader;
  readonly raw: RawLog;
  readonly keys: KeyReader;
  /** Who AuditEvents say observed what they tell of. */
  readonly observer: AuditSource;
}

/** The audit context: the tree that proves the log, and the trail that tells who did what. */
export interface Audit {
  readonly tree: AuditTree;
  readonly trail: AuditTrail;
  close(): Promise<void>;
}

/** Opens the audit context over a log and its keys; owns neither. */
export async function openAudit(options: OpenAuditOptions): Promise<Audit> {
  const { log, raw, keys, observer, ...tree } = options;
  const auditTree = await AuditTree.open(tree);
  const opener = new SealedJournalReader(log, keys);
  const trail = new AuditTrail({ index: () => auditTree.index, log: raw, opener, source: observer });
  return { tree: auditTree, trail, close: () => auditTree.close() };
}
