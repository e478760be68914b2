import { type Accesses, IdentityRecords, recordAuditLifecycle } from '@anamnesis/access';
import { type Audit, auditModule, AuditQuestions } from '@anamnesis/audit-service';
import type { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { recordedAccesses } from '@anamnesis/gateway-service';
import type { Instant } from '@anamnesis/kernel';
import { opaqueId } from '@anamnesis/records';
import type { Journal } from '@anamnesis/journal';

interface AuditPartsOptions {
  readonly audit: Audit;
  readonly accesses: Accesses;
  readonly store: EmbeddedEventStore;
  readonly journal: Journal;
}

/** The audit context in the forms in which the other services ask for it. */
export function auditParts({ audit: { tree, trail }, accesses: { recorder }, store, journal }: AuditPartsOptions) {
  const opaquePatient = (id: string): string => opaqueId('Patient', id, journal.keyedHash.bind(journal));
  const questions = new AuditQuestions({ tree, trail, log: store, opaquePatient });
  return {
    identity: new IdentityRecords(recorder),
    questions,
    accesses: recordedAccesses(recorder),
    module: auditModule({ tree, trail, recorder, questions }),
    started: () => recordAuditLifecycle(recorder, 'AuditStarted'),
    stopped: () => recordAuditLifecycle(recorder, 'AuditStopped'),
    /** When the last event of these subjects was recorded. */
    lastRecordedAt: async (subjects: readonly string[]): Promise<Instant | undefined> => {
      const last = (await questions.positionsOf(subjects, await store.head())).at(-1);
      return last === undefined ? undefined : (await store.readPositions([last]))[0]?.recordedAt;
    },
  };
}
