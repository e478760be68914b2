import { readFile, rm } from 'node:fs/promises';
import { verifyLogFile } from '@anamnesis/audit-service/verify';
import { exportEventStore } from '@anamnesis/cli/export-log';
import type { Evidence } from '../kill/audit-checks.ts';

/** Exports the log of an event store that runs into `file`, and verifies that against each checkpoint. */
export async function checkExportedLog(url: string, file: string, evidence: readonly Evidence[]): Promise<string[]> {
  const wrong: string[] = [];
  await rm(file, { force: true });
  const { events } = await exportEventStore(url, file);
  for (const paths of evidence) {
    const [checkpoint, publicKey] = [await readFile(paths.checkpoint, 'utf8'), await readFile(paths.publicKey, 'utf8')];
    const { status, covered = 0, findings } = await verifyLogFile({ file, checkpoint, publicKey });
    if (status === 'verified' && covered > 0) continue;
    const found = findings.map(({ code, position }) => `${code} at ${position ?? '?'}`).join(', ');
    wrong.push(`the log of ${events} events is ${status} against ${paths.checkpoint}: ${found}`);
  }
  await rm(file, { force: true });
  return wrong;
}
