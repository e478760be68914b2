import type { ContextName } from '@anamnesis/contracts';
import type { Work } from '@anamnesis/journal';
import type { Context, Decided, WriteIntent } from '@anamnesis/records';
import { DECISIONS_PATH, type DecisionsAnswer, decisionsQuestion, readSealed } from './decisions-protocol.ts';
import type { Peer } from './peer.ts';

/** A context in another process. */
export class RemoteContext implements Context {
  readonly name: ContextName;
  readonly #peer: Peer;

  constructor(name: ContextName, peer: Peer) {
    this.name = name;
    this.#peer = peer;
  }

  async decide(intents: readonly WriteIntent[], attempt: number, work: Work): Promise<readonly Decided[]> {
    const body = decisionsQuestion(intents, attempt, work);
    const { correlation } = work;
    const { decided } = await this.#peer.ask<DecisionsAnswer>({ path: DECISIONS_PATH, body, correlation });
    return decided.map((one) => (one.ok ? { ...one, pending: one.pending.map(readSealed) } : one));
  }
}
