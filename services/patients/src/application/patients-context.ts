import type { Journal, Pending } from '@anamnesis/journal';
import type { Decider } from '@anamnesis/kernel';
import {
  currentOf,
  RecordContext,
  refusal,
  streamOf,
  type Prior,
  type RecordCommand,
  type RecordRefusal,
  type RecordState,
  type WriteIntent,
} from '@anamnesis/records';
import { patient, type PatientCommand } from '../domain/patient.ts';
import { IdentifierClaims } from './identifier-claims.ts';

/** Who patients are. A patient's version and the identifiers that it claims are one append. */
export class PatientsContext extends RecordContext {
  readonly #claims: IdentifierClaims;

  constructor(journal: Journal) {
    super('patients', journal);
    this.#claims = new IdentifierClaims(journal);
  }

  protected override deciderOf(type: string): Decider<RecordCommand, RecordState, RecordRefusal> {
    return type === 'Patient' ? patient : super.deciderOf(type);
  }

  protected override async alongside(
    intent: WriteIntent,
    stream: string,
    state: RecordState,
    prior: Prior,
    attempt: number,
  ): Promise<readonly Pending[] | RecordRefusal> {
    if (intent.type !== 'Patient') return [];
    const before = state.standing === 'current' ? currentOf(state) : undefined;
    const claims = await this.#claims.changes(before, intent.resource?.value, stream, attempt, prior);
    return claims === 'taken' ? refusal('duplicate-identifier', ['Patient.identifier']) : claims;
  }

  /**
   * Links two records, or unlinks them: both streams in one append (`domain`: merge moves nothing, it links).
   * Not committed here; the caller commits, and asks again on a conflict.
   */
  async decideMerge(
    kind: 'merge' | 'unmerge',
    survivor: string,
    absorbed: string,
    command: WriteIntent['command'],
    reason?: string,
  ): Promise<{ readonly pending: readonly Pending[] } | { readonly refused: RecordRefusal }> {
    if (survivor === absorbed) return { refused: refusal('merge-into-itself') };
    const body = (other: string) => ({ other, ...(reason !== undefined && { reason }) });
    const sides: [string, PatientCommand][] =
      kind === 'merge'
        ? [
            [survivor, { ...command, type: 'AbsorbRecord', body: body(absorbed) }],
            [absorbed, { ...command, type: 'MergePatient', body: body(survivor) }],
          ]
        : [
            [survivor, { ...command, type: 'UnmergePatient', body: body(absorbed) }],
            [absorbed, { ...command, type: 'UnmergePatient', body: body(survivor) }],
          ];
    const pending: Pending[] = [];
    for (const [id, asked] of sides) {
      const stream = this.#streamOf(id);
      const { state, expected } = await this.stand(stream, false, new Map());
      const decision = patient.decide(asked, state);
      if ('refused' in decision) return decision;
      const subject = stream.slice('patient-'.length);
      pending.push({ stream, expected, facts: decision.accepted, subject, dataClass: 'clinical' });
    }
    return { pending };
  }

  #streamOf(id: string): string {
    return streamOf('Patient', id, this.journal.keyedHash.bind(this.journal));
  }
}
