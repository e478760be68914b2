import {
  derivedId,
  Fault,
  type Actor,
  type CommitsFacts,
  type Fact,
  type LoadsStreams,
  type PendingFacts,
  type RecordedFact,
} from '@anamnesis/kernel';

/** What a journal is told of a piece of work here. */
export interface WorkAtHand {
  readonly command: string;
  readonly actor: Actor;
}

/**
 * Streams in memory, with expected revisions checked as a store does: enough for the kernel's loop, and nothing of a
 * store's other promises. Tests of contexts use the embedded adapters.
 */
export class RememberingJournal implements CommitsFacts<WorkAtHand> {
  readonly #streams = new Map<string, RecordedFact[]>();
  #position = 0;
  #loseNextAnswer = false;

  /** The next commit takes effect, but its answer is lost: it throws a fault that leaves the outcome open. */
  loseNextAnswer(): void {
    this.#loseNextAnswer = true;
  }

  get appended(): number {
    return this.#position;
  }

  async load(stream: string): ReturnType<LoadsStreams['load']> {
    const facts = [...(this.#streams.get(stream) ?? [])];
    return { facts, revision: facts.length === 0 ? 'none' : facts.length - 1 };
  }

  async commit(pending: readonly PendingFacts[], work: WorkAtHand): ReturnType<CommitsFacts<WorkAtHand>['commit']> {
    if (pending.some((write) => !this.#stands(write))) return { ok: false };
    const revisions = pending.map((write) => this.#append(write, work));
    if (this.#loseNextAnswer) {
      this.#loseNextAnswer = false;
      throw new Fault('store-unavailable', 'The answer was lost on the way.', { retryable: true });
    }
    return { ok: true, position: this.#position, recordedAt: this.#position, revisions };
  }

  #stands({ stream, expected }: PendingFacts): boolean {
    const length = this.#streams.get(stream)?.length ?? 0;
    return expected === 'any' || (expected === 'none' ? 0 : expected + 1) === length;
  }

  #append({ stream, facts, subject, dataClass }: PendingFacts, { command, actor }: WorkAtHand): number {
    const into = this.#streams.get(stream) ?? [];
    this.#streams.set(stream, into);
    for (const [index, fact] of facts.entries()) {
      this.#position += 1;
      into.push({
        ...(JSON.parse(JSON.stringify(fact)) as Fact),
        id: derivedId(command, `${stream} ${index}`),
        stream,
        revision: into.length,
        position: this.#position,
        recordedAt: this.#position,
        meta: { actor, command, correlation: command, dataClass, ...(subject === undefined ? {} : { subject }) },
      });
    }
    return into.length - 1;
  }
}
