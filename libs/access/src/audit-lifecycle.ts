import { newId } from '@anamnesis/kernel';
import type { AccessRecorder } from './access-recorder.ts';

const SYSTEM = { id: 'system', role: 'operator', purpose: 'HOPERAT' } as const;

/** The audit trail says when it began and ended (DICOM PS3.15 A.5.1.1: audit start and stop). */
export function recordAuditLifecycle(recorder: AccessRecorder, type: 'AuditStarted' | 'AuditStopped'): Promise<void> {
  const requestId = newId();
  const facts = { patients: [], from: '', requestId };
  return recorder.record({ actor: SYSTEM, correlation: requestId }, { type, facts });
}
