import { createHash } from 'node:crypto';
import type { Committable, Pending, Work } from '@anamnesis/journal';
import { commitDecided, newId, type Instant, type Position, type Try } from '@anamnesis/kernel';
import { uuidOfHash } from '@anamnesis/records';
import type { FhirDependencies } from './dependencies.ts';
import { header, type FhirRequest } from './exchange.ts';
import { problem } from './problem.ts';
import { sessionOf, type OwnWrites } from './own-writes.ts';

/** One version that a request made: what an answer tells of it. */
export interface Written {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  readonly change: 'created' | 'updated' | 'deleted' | 'none';
  /** Canonical text of the version, where this very request made it. */
  readonly text?: string;
}

/** A request's decisions, all of them, with what the answer needs; made again after a conflict. */
export interface Batch {
  readonly pending: readonly Committable[];
  readonly written: readonly Written[];
}

export interface CommittedBatch {
  readonly written: readonly Written[];
  readonly position: Position;
  readonly recordedAt: Instant;
  /** The same request was answered before; nothing was appended now. */
  readonly repeated: boolean;
}

/** What a decision is made with: the command's id, and how often it was tried. */
export interface Attempt {
  readonly command: string;
  readonly number: number;
  readonly at: Instant;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Commits what a request decides in one append, and decides again when somebody was faster.
 *
 * A request that names an `Idempotency-Key` also claims it, in a stream of its own in the same append: whoever comes
 * second with the key, however late, gets the first answer again.
 */
export class Committer {
  readonly #dependencies: Pick<FhirDependencies, 'journal' | 'clock'>;
  readonly #ownWrites: OwnWrites;

  constructor(dependencies: Pick<FhirDependencies, 'journal' | 'clock'>, ownWrites: OwnWrites) {
    this.#dependencies = dependencies;
    this.#ownWrites = ownWrites;
  }

  async commit(request: FhirRequest, decide: (attempt: Attempt) => Promise<Batch>): Promise<CommittedBatch> {
    const key = this.#keyOf(request);
    const command = key?.command ?? newId();
    const decideOnce = async (number: number): Promise<Try<CommittedBatch | Batch, Committable>> => {
      const earlier = key && (await this.#answered(key));
      if (earlier) return { settled: earlier };
      const batch = await decide({ command, number, at: this.#dependencies.clock() });
      const pending = key ? [...batch.pending, claimOf(key, batch)] : batch.pending;
      return pending.length > 0 ? { pending, answer: batch } : { settled: this.#unchanged(request, batch) };
    };
    const { journal } = this.#dependencies;
    // With a key the claim tells whether an append of unknown outcome took effect; without one the client must ask.
    const loop = { recognises: key !== undefined };
    const { answer, committed } = await commitDecided(journal, workOf(request, command), decideOnce, loop);
    if (!committed) return answer as CommittedBatch;
    const { position, recordedAt } = committed;
    this.#ownWrites.note(sessionOf(request), position);
    return { written: answer.written, position, recordedAt, repeated: false };
  }

  #unchanged(request: FhirRequest, batch: Batch): CommittedBatch {
    const position = this.#ownWrites.of(sessionOf(request));
    return { written: batch.written, position, recordedAt: this.#dependencies.clock(), repeated: false };
  }

  #keyOf(request: FhirRequest): IdempotencyKey | undefined {
    const key = header(request, 'idempotency-key');
    if (key === undefined) return undefined;
    if (!KEY.test(key)) throw problem(400, 'value', 'An Idempotency-Key is 1 to 255 visible ASCII characters.');
    const hash = this.#dependencies.journal.keyedHash('idempotency-key', `${request.actor.id} ${key}`);
    const asked = createHash('sha256').update(`${request.method} ${request.path}\n`);
    for (const [name, value] of request.query) asked.update(`${name}=${value}\n`);
    if (request.body) asked.update(request.body);
    const command = uuidOfHash(hash);
    return { command, stream: `command-${command}`, asked: asked.digest('hex') };
  }

  async #answered(key: IdempotencyKey): Promise<CommittedBatch | undefined> {
    const [claim] = await this.#dependencies.journal.loadBackwards(key.stream, 1);
    if (!claim) return undefined;
    if (claim.facts['asked'] !== key.asked) {
      throw problem(422, 'business-rule', 'This Idempotency-Key was used for another request.');
    }
    const rows = claim.facts['written'] as readonly (readonly [string, string, string, Written['change']])[];
    return {
      written: rows.map(([type, id, versionId, change]) => ({ type, id, versionId, change })),
      position: claim.position,
      recordedAt: claim.recordedAt,
      repeated: true,
    };
  }
}

interface IdempotencyKey {
  readonly command: string;
  readonly stream: string;
  /** A hash of what was asked, so that a key is not used for two things. */
  readonly asked: string;
}

function claimOf({ stream, asked }: IdempotencyKey, { written }: Batch): Pending {
  const rows = written.map(({ type, id, versionId, change }) => [type, id, versionId, change]);
  return {
    stream,
    expected: 'none',
    facts: [{ type: 'CommandAnswered', schema: 1, facts: { asked, written: rows } }],
    dataClass: 'clinical',
  };
}

export function workOf(request: FhirRequest, command: string): Work {
  return {
    command,
    actor: request.actor,
    correlation: request.requestId,
    ...(request.traceparent !== undefined && { traceparent: request.traceparent }),
  };
}
