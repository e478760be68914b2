import { can, scopeOf, type Action, type Caller, type Interaction } from '@anamnesis/identity';
import { isResourceType, SUBJECT_ELEMENTS } from '@anamnesis/fhir';
import type { Condition } from '@anamnesis/read-store';
import type { Access, FhirDependencies } from './dependencies.ts';
import type { FhirRequest } from './exchange.ts';
import { problem } from './problem.ts';

/** Subject and facility pairs that were found to belong together; bounded. */
const VISIBLE_LIMIT = 100_000;

/** Read models name the facilities that a patient was registered or seen at under this document type. */
const FACILITY_TYPE = 'PatientFacility';

/** Who may do what to which resource, and that it was written down. */
export class AccessControl {
  readonly #dependencies: Pick<FhirDependencies, 'accesses' | 'records' | 'journal'>;
  readonly #visible = new Set<string>();

  constructor(dependencies: Pick<FhirDependencies, 'accesses' | 'records' | 'journal'>) {
    this.#dependencies = dependencies;
  }

  /** Refuses what the permission matrix does not allow; the denial is recorded first. */
  async require(request: FhirRequest, interaction: Interaction, type: string): Promise<void> {
    if (this.allows(request.caller, interaction, type)) return;
    await this.#denied(request, type);
  }

  /** Refuses a named action that the permission matrix does not allow; recorded likewise. */
  async requireAction(request: FhirRequest, action: Action, type: string): Promise<void> {
    if (!can(request.caller, action).allowed) await this.#denied(request, type);
  }

  allows(caller: Caller, interaction: Interaction, type: string): boolean {
    return can(caller, { interaction, type }).allowed;
  }

  /** Refuses a patient whom the caller's facilities neither registered nor saw. */
  async requireVisible(request: FhirRequest, subject: string | undefined, type: string): Promise<void> {
    if (await this.sees(request.caller, subject)) return;
    if (subject !== undefined) await this.#denied(request, type, [subject]);
  }

  /** Whether the caller's facilities registered or saw the patient; data of nobody is everybody's. */
  async sees(caller: Caller, subject: string | undefined): Promise<boolean> {
    const scope = scopeOf(caller);
    if (subject === undefined || 'all' in scope) return true;
    for (const facility of scope.facilities) if (await this.#seenAt(subject, facility)) return true;
    return false;
  }

  /** Those of the documents whose patients the caller's facilities know. */
  async visible<D extends { readonly subject?: string }>(caller: Caller, documents: readonly D[]): Promise<D[]> {
    const seen: D[] = [];
    for (const document of documents) if (await this.sees(caller, document.subject)) seen.push(document);
    return seen;
  }

  /** The condition that confines a search over a type to the patients that the caller's facilities know. */
  confine(caller: Caller, type: string): Condition | undefined {
    const scope = scopeOf(caller);
    if ('all' in scope || !concernsPatients(type)) return undefined;
    const where: Condition = { any: scope.facilities.map((code) => ({ param: 'facility', token: { code } })) };
    const seen: Condition = { subjectOf: { type: FACILITY_TYPE, where } };
    return type === 'Patient' ? seen : { any: [seen, { ownerless: true }] };
  }

  /** Resolves when the access is durable: nothing is disclosed before. */
  async record(request: FhirRequest, access: Access): Promise<void> {
    await this.#dependencies.accesses.record(request, access);
  }

  /** The patient's first event says where the record was begun, and needs no read model; later visits are projected. */
  async #seenAt(subject: string, facility: string): Promise<boolean> {
    const key = `${subject} ${facility}`;
    if (this.#visible.has(key)) return true;
    const first = await this.#dependencies.journal.loadFirst(`patient-${subject}`);
    // Nobody is hidden where nobody is: a patient who is only now being registered, or a reference to nothing.
    if (!first) return true;
    const seen = first.meta.actor.facility === facility || (await this.#projectedAt(subject, facility));
    if (seen) {
      this.#visible.add(key);
      if (this.#visible.size > VISIBLE_LIMIT) this.#visible.delete(this.#visible.values().next().value!);
    }
    return seen;
  }

  async #projectedAt(subject: string, facility: string): Promise<boolean> {
    const where: Condition = { all: [{ subject: [subject] }, { param: 'facility', token: { code: facility } }] };
    return (await this.#dependencies.records.count({ type: FACILITY_TYPE, where })) > 0;
  }

  async #denied(request: FhirRequest, type: string, patients: readonly string[] = []): Promise<never> {
    await this.record(request, { interaction: 'read', type, patients, outcome: 'denied', query: request.path });
    throw problem(403, 'forbidden', 'Your role, facility or purpose of use does not allow this.');
  }
}

/** Types whose resources may hold a patient's data. */
export const concernsPatients = (type: string): boolean =>
  type === 'Patient' || (isResourceType(type) && SUBJECT_ELEMENTS[type] !== '');
