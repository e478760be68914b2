import { ownerOf, type ContextName } from '@anamnesis/contracts';
import type { Committable, Pending } from '@anamnesis/journal';
import { opaqueId, type Decided, type ResourceVersion, type WriteIntent } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import { workOf, type Attempt, type Batch, type Written } from './committer.ts';
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

/** A version that was asked for, and waits for its context's decision. */
interface Asked {
  readonly wanted: Wanted;
  readonly intent: WriteIntent;
  /** Its place among what the request writes. */
  readonly place: number;
  /** Says where in the request it stands, in an error about it. */
  readonly located: (error: unknown) => unknown;
}

/** Collects what one request writes, and has the contexts decide: each of them once, on all that is its own. */
export class Decisions {
  readonly #dependencies: Pick<FhirDependencies, 'contexts' | 'journal'>;
  readonly #resources: Resources;
  readonly #access: AccessControl;
  readonly #request: FhirRequest;
  readonly #attempt: Attempt;
  readonly #pending: Committable[] = [];
  readonly #written: Written[] = [];
  #asked: Asked[] = [];
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

  /** Announces what the request will make, before its references are checked. */
  announce({ type, id }: LocalReference): void {
    this.#made.add(`${type}/${id}`);
  }

  add(pending: Pending): void {
    this.#pending.push(pending);
  }

  /** Notes an entry that changed nothing. */
  note(written: Written): void {
    this.#written.push(written);
  }

  /** Takes a version to be decided on; what the request may not do is refused at once. */
  async write(wanted: Wanted, located: Asked['located'] = (error) => error): Promise<void> {
    const { type, id } = wanted;
    const place = this.#written.push({ type, id, versionId: '', change: 'none' }) - 1;
    this.#asked.push({ wanted, intent: await this.#intentOf(wanted), place, located });
  }

  /** Has the contexts decide on everything that was asked for; throws the first refusal, in the request's order. */
  async settle(): Promise<Batch> {
    const owned = Map.groupBy(this.#asked, ({ wanted }) => ownerOf(wanted.type)!.context);
    this.#asked = [];
    const settled = await Promise.all([...owned].map(([context, asked]) => this.#decided(context, asked)));
    const refusals = settled.filter((one) => one !== undefined).sort((a, b) => a.place - b.place);
    if (refusals[0]) throw refusals[0].error;
    return { pending: this.#pending, written: this.#written };
  }

  /** Asks one context; versions that may be made anew are, when somebody was faster. */
  async #decided(name: ContextName, asked: Asked[]): Promise<{ place: number; error: unknown } | undefined> {
    const context = this.#dependencies.contexts[name];
    const work = workOf(this.#request, this.#attempt.command);
    for (let made = 0; ; made += 1) {
      const intents = asked.map(({ intent }) => intent);
      const decided = await context.decide(intents, this.#attempt.number, work);
      const last = decided.at(-1)!;
      if (last.ok) {
        for (const [i, one] of decided.entries()) if (one.ok) this.#take(asked[i]!, one);
        return undefined;
      }
      const refusedOne = asked[decided.length - 1]!;
      const { wanted, place, located } = refusedOne;
      const late = last.refusal.code === 'version-conflict' && made < AGAIN;
      if (!late || !wanted.again) return { place, error: located(refused(last.refusal)) };
      const anew = await wanted.again();
      asked[decided.length - 1] = { ...refusedOne, wanted: anew, intent: await this.#intentOf(anew) };
    }
  }

  #take({ wanted, place }: Asked, { pending, versionId, change }: Extract<Decided, { ok: true }>): void {
    const { type, id, version } = wanted;
    this.#pending.push(...pending);
    const text = change === 'none' ? undefined : version?.text;
    this.#written[place] = { type, id, versionId, change, ...(text !== undefined && { text }) };
    if (change === 'deleted') this.#resources.forget(type, id);
  }

  async #intentOf(wanted: Wanted): Promise<WriteIntent> {
    const { interaction, type, id, version, ifMatch, mustBeNew, fresh, reason } = wanted;
    const subject = await this.#subjectOf(wanted);
    if (subject !== undefined) this.#subjects.set(`${type}/${id}`, subject);
    await this.#access.requireVisible(this.#request, subject, type);
    if (version) await this.#requireReferences(version);
    const { actor } = this.#request;
    return {
      interaction,
      type,
      id,
      ...(ifMatch !== undefined && { ifMatch }),
      ...(mustBeNew !== undefined && { mustBeNew }),
      ...(fresh !== undefined && { fresh }),
      ...(reason !== undefined && { reason }),
      ...(version && { resource: version }),
      ...(subject !== undefined && { subject }),
      ...(actor.role === 'integration' && interaction === 'put' && { origin: 'imported' as const }),
      command: { id: this.#attempt.command, at: this.#attempt.at, actor },
    };
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
