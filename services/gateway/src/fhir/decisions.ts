import { ownerOf } from '@anamnesis/contracts';
import type { Pending } from '@anamnesis/journal';
import { opaqueId, type ResourceVersion, type WriteIntent } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import type { Attempt, Written } from './committer.ts';
import type { FhirDependencies } from './dependencies.ts';
import type { FhirRequest } from './exchange.ts';
import { dangling, localReferences, ownerIn, type LocalReference } from './incoming.ts';
import { refused } from './problem.ts';
import type { Resources } from './resources.ts';

/** What one entry, or one request, wants to be written. */
export interface Wanted {
  readonly interaction: 'put' | 'delete';
  readonly type: string;
  readonly id: string;
  readonly version?: ResourceVersion;
  readonly ifMatch?: string;
  readonly mustBeNew?: boolean;
  readonly fresh?: boolean;
  readonly reason?: string;
  /** Makes the version anew on what is current by now; absent: a version conflict is the client's to solve. */
  readonly again?: () => Promise<Wanted>;
}

/** How often a version is made anew before the conflict is told. */
const AGAIN = 8;

/** Collects the contexts' decisions of one request; each sees those before it. */
export class Decisions {
  readonly #dependencies: Pick<FhirDependencies, 'contexts' | 'journal'>;
  readonly #resources: Resources;
  readonly #access: AccessControl;
  readonly #request: FhirRequest;
  readonly #attempt: Attempt;
  readonly #prior = new Map<string, Pending[]>();
  readonly #pending: Pending[] = [];
  readonly #written: Written[] = [];
  /** Resources that this very request makes: references to them resolve. */
  readonly #made = new Set<string>();
  /** Whose data the versions of this request are, for those that refer to them. */
  readonly #subjects = new Map<string, string>();

  constructor(
    dependencies: Pick<FhirDependencies, 'contexts' | 'journal'>,
    resources: Resources,
    access: AccessControl,
    request: FhirRequest,
    attempt: Attempt,
  ) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#access = access;
    this.#request = request;
    this.#attempt = attempt;
  }

  get batch() {
    return { pending: this.#pending, written: this.#written };
  }

  /** Announces what the request will make, before its references are checked. */
  announce({ type, id }: LocalReference): void {
    this.#made.add(`${type}/${id}`);
  }

  add(pending: Pending): void {
    this.#pending.push(pending);
    const before = this.#prior.get(pending.stream);
    if (before) before.push(pending);
    else this.#prior.set(pending.stream, [pending]);
  }

  /** Notes an entry that changed nothing. */
  note(written: Written): void {
    this.#written.push(written);
  }

  async write(wanted: Wanted, made = 0): Promise<Written> {
    const subject = await this.#subjectOf(wanted);
    if (subject !== undefined) this.#subjects.set(`${wanted.type}/${wanted.id}`, subject);
    await this.#access.requireVisible(this.#request, subject, wanted.type);
    if (wanted.version) await this.#requireReferences(wanted.version);
    const intent: WriteIntent = {
      ...wanted,
      ...(wanted.version && { resource: wanted.version }),
      ...(subject !== undefined && { subject }),
      ...(this.#request.actor.role === 'integration' &&
        wanted.interaction === 'put' && { origin: 'imported' as const }),
      command: { id: this.#attempt.command, at: this.#attempt.at, actor: this.#request.actor },
    };
    const context = this.#dependencies.contexts[ownerOf(wanted.type)!.context];
    const decided = await context.decide(intent, this.#prior, this.#attempt.number);
    if (!decided.ok) {
      const late = decided.refusal.code === 'version-conflict' && made < AGAIN;
      if (late && wanted.again) return this.write(await wanted.again(), made + 1);
      throw refused(decided.refusal);
    }
    for (const pending of decided.pending) this.add(pending);
    const text = decided.change === 'none' ? undefined : wanted.version?.text;
    const { versionId, change } = decided;
    const written = { type: wanted.type, id: wanted.id, versionId, change, ...(text !== undefined && { text }) };
    this.#written.push(written);
    if (decided.change === 'deleted') this.#resources.forget(wanted.type, wanted.id);
    return written;
  }

  /** The opaque id of the patient whose data it is: a deletion is about whom the version was that it hides. */
  async #subjectOf({ interaction, type, id, version }: Wanted): Promise<string | undefined> {
    if (type === 'Patient') return this.#opaque(id);
    if (interaction === 'delete') return (await this.#resources.latest(type, id))?.subject;
    const owner = version && ownerIn(type, version.value);
    if (!owner) return undefined;
    if (owner.type === 'Patient') return this.#opaque(owner.id);
    const made = this.#subjects.get(`${owner.type}/${owner.id}`);
    return made ?? (await this.#resources.latest(owner.type, owner.id))?.subject;
  }

  #opaque(patient: string): string {
    return opaqueId('Patient', patient, (purpose, text) => this.#dependencies.journal.keyedHash(purpose, text));
  }

  async #requireReferences(version: ResourceVersion): Promise<void> {
    for (const { type, id } of localReferences(version.value, this.#request.base)) {
      if (this.#made.has(`${type}/${id}`) || (await this.#resources.exists(type, id))) continue;
      throw dangling(version.value);
    }
  }
}
