import { flaky, type Mishap as StoreMishap } from '@anamnesis/event-store/flaky';
import { SealedJournal } from '@anamnesis/journal';
import { Fault, type Actor, type Done, type PendingFacts } from '@anamnesis/kernel';
import { ownerOf } from '@anamnesis/contracts';
import { recordDecider, refusal, type RecordCommand, type RecordRefusal } from '@anamnesis/records';
import type { Parts } from './parts.ts';
import type { PlannedCommand } from './plan.ts';
import type { Turns } from './turns.ts';
import type { World } from './world.ts';

export type Answered =
  | { readonly kind: 'done'; readonly done: Done }
  | { readonly kind: 'refused' }
  /** The client does not know; it will ask again. */
  | { readonly kind: 'unknown' };

/** Actors and times are constants: nothing of a case may depend on when it is run. */
export const AT = Date.UTC(2026, 0, 15);

const lost = (): Fault => new Fault('store-unavailable', 'The simulation says so.', { retryable: true });
const decider = recordDecider();

export const streamOfCommand = ({ type, target }: Pick<PlannedCommand, 'type' | 'target'>): string =>
  `${ownerOf(type)!.kind}-${target}`;

export const claimStream = (claim: string): string => `identifier-${claim}`;

/** A client that asks for a command, as often as the plan lets it fail. */
export class Client {
  readonly #parts: Parts;
  readonly #command: PlannedCommand;
  readonly #mishaps: PlannedCommand['mishaps'][number][];
  #failedLoads: number;
  #waiting = true;
  /** Every answer but `unknown`, in order. */
  readonly answers: Exclude<Answered, { kind: 'unknown' }>[] = [];

  constructor(parts: Parts, command: PlannedCommand) {
    this.#parts = parts;
    this.#command = command;
    this.#mishaps = [...command.mishaps];
    this.#failedLoads = command.failedLoads;
  }

  get command(): PlannedCommand {
    return this.#command;
  }

  /** `turns`: with whom the client works at the same time; it leaves them when it has its answer. */
  async ask(world: World, turns?: Turns): Promise<Answered> {
    const answered = await this.#ask(world, turns).finally(() => turns?.leave());
    this.#waiting = answered.kind === 'unknown';
    if (answered.kind !== 'unknown') this.answers.push(answered);
    return answered;
  }

  /** Asks until there is an answer. */
  async insist(world: World): Promise<void> {
    for (let tries = 0; this.#waiting; tries += 1) {
      if (tries > 20) throw new Error('A command was not answered though nothing fails any more.');
      await this.ask(world);
    }
  }

  async #ask(world: World, turns: Turns | undefined): Promise<Answered> {
    const { id, subject, type, facility, retries } = this.#command;
    const store = flaky(this.#parts.store(world.store), ({ method }) => this.#mishapOf(method));
    const journal = new SealedJournal(turns?.take(store) ?? store, world.vault);
    const actor: Actor = {
      id: 'simulated',
      role: 'nurse',
      purpose: 'TREAT',
      ...(facility !== undefined && { facility }),
    };
    try {
      const answer = await this.#parts.handle({
        journal,
        decider,
        stream: streamOfCommand(this.#command),
        command: this.#recordCommand(actor),
        work: { command: id, actor, correlation: id, at: AT },
        subject,
        dataClass: ownerOf(type)!.dataClass,
        retries,
        also: (facts) => (facts.length === 0 ? Promise.resolve([]) : this.#claim(journal)),
      });
      return answer.ok ? { kind: 'done', done: answer } : { kind: 'refused' };
    } catch (error) {
      if (error instanceof Fault && error.retryable) return { kind: 'unknown' };
      throw error;
    }
  }

  #mishapOf(method: string): StoreMishap | undefined {
    if (method === 'readStream' && this.#failedLoads > 0) {
      this.#failedLoads -= 1;
      return { failBefore: lost() };
    }
    if (method !== 'appendAll') return undefined;
    const mishap = this.#mishaps.shift() ?? 'none';
    if (mishap === 'none') return undefined;
    return mishap === 'failed' ? { failBefore: lost() } : { failAfter: lost() };
  }

  async #claim(journal: SealedJournal): Promise<readonly PendingFacts[] | { readonly refused: RecordRefusal }> {
    const { claim } = this.#command;
    if (claim === undefined) return [];
    const stream = claimStream(claim);
    if ((await journal.load(stream)).facts.length > 0) return { refused: refusal('duplicate-identifier') };
    const fact = { type: 'IdentifierClaimed', schema: 1, facts: { claim } };
    return [{ stream, expected: 'none', facts: [fact], dataClass: 'clinical' }];
  }

  #recordCommand(actor: Actor): RecordCommand {
    const { id, type, target, mark, interaction, ifMatch, subject } = this.#command;
    const body = { resourceType: type, id: target, ...(ifMatch !== undefined && { ifMatch }) };
    if (interaction === 'delete') return { type: 'DeleteRecord', id, at: AT, actor, body };
    const value =
      type === 'Patient'
        ? { resourceType: type, id: target, meta: {}, name: [{ family: mark }], gender: 'other' }
        : {
            resourceType: type,
            id: target,
            meta: {},
            status: 'final',
            code: { text: mark },
            subject: { reference: `Patient/${subject}` },
          };
    return {
      type: 'PutRecord',
      id,
      at: AT,
      actor,
      body: { ...body, resource: { text: JSON.stringify(value), value } },
    };
  }
}
