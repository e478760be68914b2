import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventReader } from '@anamnesis/event-store';
import { type Journal, SealedJournalReader, type EventOpener } from '@anamnesis/journal';
import { Fault } from '@anamnesis/kernel';
import type { KeyVault } from '@anamnesis/key-vault';
import { AccessRecorder } from './application/access-recorder.ts';
import { AuditTrail } from './application/audit-trail.ts';
import { AuditTree, type AuditTreeOptions } from './audit-tree.ts';
import type { AuditSource } from './domain/audit-event.ts';
import type { RawLog } from './raw-log.ts';
import { AccessSpool } from './spool/access-spool.ts';
import { SealedSpool } from './spool/sealed-spool.ts';

export const SPOOL_FILE = 'spool';
export const SPOOL_BYTES = 16 * 1024 * 1024;
const DRAIN_EVERY_MS = 5_000;

export interface OpenAuditOptions extends Omit<AuditTreeOptions, 'head'> {
  /** The embedded event store, or its like. */
  readonly store: EventReader & RawLog & { readonly headSignal: SharedArrayBuffer };
  readonly vault: KeyVault;
  readonly journal: Journal;
  readonly source: AuditSource;
  readonly spoolBytes?: number;
}

/** The audit context of the embedded profile. */
export interface Audit {
  readonly tree: AuditTree;
  readonly recorder: AccessRecorder;
  readonly trail: AuditTrail;
  close(): Promise<void>;
}

/** Opens the audit context over the parts of one data folder; owns none of them. */
export async function openAudit(options: OpenAuditOptions): Promise<Audit> {
  const { store, vault, journal, source, spoolBytes = SPOOL_BYTES, ...tree } = options;
  const auditTree = await AuditTree.open({ ...tree, head: store.headSignal });
  const spool = new SealedSpool(await AccessSpool.open(join(tree.folder, 'audit', SPOOL_FILE), spoolBytes), vault);
  const recorder = new AccessRecorder({ journal, now: () => Date.now(), spool });
  const opener: EventOpener = new SealedJournalReader(store, vault);
  const trail = new AuditTrail({ index: () => auditTree.index, log: store, opener, source });
  const stop = new AbortController();
  const upkeep = keepUp(spool, recorder, stop.signal);
  return {
    tree: auditTree,
    recorder,
    trail,
    async close() {
      stop.abort();
      await upkeep;
      await auditTree.close();
      await spool.close();
    },
  };
}

/** Has the month's key at hand, and brings spooled records into the log as soon as it takes them again. */
async function keepUp(spool: SealedSpool, recorder: AccessRecorder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await spool.prepare(Date.now());
      if (!spool.isEmpty) await recorder.drain();
    } catch (error) {
      // A full disk or a silent vault: they stay where they are until the next round.
      if (!(error instanceof Fault)) throw error;
    }
    await sleep(DRAIN_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
