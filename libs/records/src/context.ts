import { setImmediate } from 'node:timers/promises';
import { isDeletion, ownerOf, type ContextName, type RecordFacts } from '@anamnesis/contracts';
import type { Committable, Journal, JournalReader, Pending, Work } from '@anamnesis/journal';
import { UUID, type Actor, type Decider, type Fact, type Instant } from '@anamnesis/kernel';
import { type RecordCommand, type RecordRefusal, type ResourceVersion } from './record-command.ts';
import { absent, evolveRecord, recordDecider, type RecordRules, type RecordState } from './record-decider.ts';

/** What somebody asks to be written about one resource. */
export interface WriteIntent {
  readonly interaction: 'put' | 'delete';
  readonly type: string;
  readonly id: string;
  readonly resource?: ResourceVersion;
  readonly ifMatch?: string;
  /** If-None-Match: *; refused as a version conflict when the resource exists. */
  readonly mustBeNew?: boolean;
  /** The id was made for this very command, so nothing can stand there yet. */
  readonly fresh?: boolean;
  readonly origin?: 'imported';
  /** The opaque id of the patient whose data it is; absent: nobody's. */
  readonly subject?: string;
  readonly reason?: string;
  readonly command: { readonly id: string; readonly at: Instant; readonly actor: Actor };
}

/** A context's decision, not committed: what it would append, and the version that this makes. */
export type Decided<P = Committable> =
  | {
      readonly ok: true;
      readonly pending: readonly P[];
      readonly versionId: string;
      /** `none`: there was nothing to do. */
      readonly change: 'created' | 'updated' | 'deleted' | 'none';
    }
  | { readonly ok: false; readonly refusal: RecordRefusal };

/** A decision of a context in this process: who commits it seals it. */
export type Unsealed = Decided<Pending>;

/** A context as the gateway asks it: it decides, and whoever asked commits. */
export interface Context {
  readonly name: ContextName;
  /**
   * Decides on each intent in turn: on what the streams hold, with the decisions before it on top. The answers are in
   * the intents' order; they end with the first refusal. `attempt` counts from 0; later attempts look before they
   * claim. `work` is what the intents are part of, for a context that seals what it decides.
   */
  decide(intents: readonly WriteIntent[], attempt: number, work: Work): Promise<readonly Decided[]>;
}

/** The earlier decisions of a batch, by stream. */
export type Prior = ReadonlyMap<string, readonly Pending[]>;

/** Intents that are decided before others get the thread again. */
const SLICE = 50;

/** A stream folded, and what an append to it must expect. */
export interface Standing {
  readonly state: RecordState;
  readonly expected: Pending['expected'];
}

/** The stream of a resource: its own id where that is a UUID, else an opaque one. */
export function streamOf(type: string, id: string, keyedHash: Journal['keyedHash']): string {
  const owner = ownerOf(type);
  if (!owner) throw new TypeError('not a storable resource type');
  return `${owner.kind}-${opaqueId(type, id, keyedHash)}`;
}

/** The UUID by which streams and events know a resource. */
export function opaqueId(type: string, id: string, keyedHash: Journal['keyedHash']): string {
  return UUID.test(id) ? id : uuidOfHash(keyedHash('resource-id', `${type}/${id}`));
}

/** A UUID (RFC 9562 version 8) from the first 128 bits of a hash in hex. */
export function uuidOfHash(hex: string): string {
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** The generic context: one record decider for every type, with the rules that a type adds. */
export class RecordContext implements Context {
  readonly name: ContextName;
  protected readonly journal: JournalReader & Pick<Journal, 'keyedHash'>;
  readonly #deciders = new Map<string, Decider<RecordCommand, RecordState, RecordRefusal>>();
  readonly #generic = recordDecider();

  constructor(
    name: ContextName,
    journal: JournalReader & Pick<Journal, 'keyedHash'>,
    rules: Readonly<Record<string, RecordRules>> = {},
  ) {
    this.name = name;
    this.journal = journal;
    for (const [type, own] of Object.entries(rules)) this.#deciders.set(type, recordDecider(own));
  }

  async decide(intents: readonly WriteIntent[], attempt: number): Promise<readonly Unsealed[]> {
    const prior = new Map<string, Pending[]>();
    const decided: Unsealed[] = [];
    for (const [done, intent] of intents.entries()) {
      if (done % SLICE === SLICE - 1) await setImmediate();
      const one = await this.#decideOne(intent, prior, attempt);
      decided.push(one);
      if (!one.ok) break;
      for (const pending of one.pending) prior.set(pending.stream, [...(prior.get(pending.stream) ?? []), pending]);
    }
    return decided;
  }

  async #decideOne(intent: WriteIntent, prior: Prior, attempt: number): Promise<Unsealed> {
    const owner = ownerOf(intent.type)!;
    const stream = streamOf(intent.type, intent.id, this.journal.keyedHash.bind(this.journal));
    const { state, expected } = await this.stand(stream, intent.fresh ?? false, prior);
    if (intent.mustBeNew && state.standing === 'current') return { ok: false, refusal: conflict };
    const decision = this.deciderOf(intent.type).decide(commandOf(intent), state);
    if ('refused' in decision) return { ok: false, refusal: decision.refused };
    const facts = decision.accepted;
    const last = facts.at(-1);
    if (!last) return { ok: true, pending: [], versionId: String(state.version), change: 'none' };
    const also = await this.alongside(intent, stream, state, prior, attempt);
    if ('code' in also) return { ok: false, refusal: also };
    const own: Pending = {
      stream,
      expected,
      facts,
      dataClass: owner.dataClass,
      ...(intent.subject !== undefined && { subject: intent.subject }),
    };
    const versionId = (last.facts as unknown as RecordFacts).versionId;
    return { ok: true, pending: [own, ...also], versionId, change: changeOf(last, state) };
  }

  /** What else must be appended for the decision to stand, such as a claim; or why it cannot. */
  protected async alongside(
    _intent: WriteIntent,
    _stream: string,
    _state: RecordState,
    _prior: Prior,
    _attempt: number,
  ): Promise<readonly Pending[] | RecordRefusal> {
    return [];
  }

  protected deciderOf(type: string): Decider<RecordCommand, RecordState, RecordRefusal> {
    return this.#deciders.get(type) ?? this.#generic;
  }

  async #hidden(stream: string): Promise<RecordState> {
    const [, before] = await this.journal.loadBackwards(stream, 2);
    return before ? evolveRecord(absent, before) : absent;
  }

  /** The stream folded, the earlier decisions of the batch included. */
  protected async stand(stream: string, fresh: boolean, prior: Prior): Promise<Standing> {
    let state = absent;
    let expected: Pending['expected'] = 'none';
    if (!fresh) {
      // Every version is carried whole, so the newest event says all that the generic record asks; a deletion hides
      // the version before it.
      const [last] = await this.journal.loadBackwards(stream, 1);
      if (last) {
        expected = last.revision;
        state = evolveRecord(isDeletion(last) ? await this.#hidden(stream) : absent, last);
      }
    }
    for (const before of prior.get(stream) ?? []) {
      state = before.facts.reduce(evolveRecord, state);
      expected = revisionAfter(expected, before.facts.length);
    }
    return { state, expected };
  }
}

const conflict: RecordRefusal = {
  code: 'version-conflict',
  message: 'The resource exists already, and If-None-Match asked that it does not.',
};

function revisionAfter(expected: Pending['expected'], added: number): Pending['expected'] {
  if (expected === 'any') return 'any';
  return (expected === 'none' ? -1 : expected) + added;
}

function changeOf(last: Fact, before: RecordState): 'created' | 'updated' | 'deleted' {
  if (last.resource === undefined) return 'deleted';
  return before.standing === 'absent' || before.standing === 'deleted' ? 'created' : 'updated';
}

function commandOf(intent: WriteIntent): RecordCommand {
  const target = {
    resourceType: intent.type,
    id: intent.id,
    ...(intent.ifMatch !== undefined && { ifMatch: intent.ifMatch }),
    ...(intent.reason !== undefined && { reason: intent.reason }),
  };
  if (intent.interaction === 'delete') return { ...intent.command, type: 'DeleteRecord', body: target };
  if (!intent.resource) throw new TypeError('a version to store is missing');
  return {
    ...intent.command,
    type: 'PutRecord',
    body: { ...target, resource: intent.resource, ...(intent.origin && { origin: intent.origin }) },
  };
}
