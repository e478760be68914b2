import type { Journal, Pending, Work } from '@anamnesis/journal';
import { DATA_CLASSES, type ErasureLedger, type KeyVault } from '@anamnesis/key-vault';
import {
  Fault,
  handle,
  newId,
  type Actor,
  type DataClass,
  type Done,
  type Instant,
  type Position,
  type Refused,
} from '@anamnesis/kernel';
import type { ReadModelReader } from '@anamnesis/read-store';
import { opaqueId, type Json } from '@anamnesis/records';
import {
  erasure,
  type ErasureCommand,
  type ErasureRefusal,
  type ErasureState,
  type Obstacles,
} from '../domain/erasure.ts';
import { legalHold, type HoldCommand, type HoldRefusal } from '../domain/legal-hold.ts';

/** Years that each class of data is kept after its last event; undefined: not configured. */
export type Retention = Readonly<Partial<Record<DataClass, number>>>;

export interface ErasuresDependencies {
  readonly journal: Journal;
  readonly vault: KeyVault;
  /** Outside the data folder; without one a restored copy can bring a person back. */
  readonly ledger: ErasureLedger | undefined;
  readonly retention: Retention;
  readonly clock: () => Instant;
  /** The read model that people search. */
  readonly records: Pick<ReadModelReader, 'waitFor'>;
  /** When the last event of these subjects was recorded. */
  readonly lastRecordedAt: (subjects: readonly string[]) => Promise<Instant | undefined>;
}

/** Who asks, and what the request is known by. */
export interface Asking {
  readonly actor: Actor;
  readonly correlation: string;
}

/** Names every erasure that was approved, so that a start finds the unfinished ones without reading the log. */
const REGISTER = 'erasures-00000000-0000-8000-8000-000000000000';

/** How long an approval waits for the read models, in milliseconds. */
const PURGE_WAIT_MS = 10_000;

const YEAR_MS = 365.2425 * 86_400_000;
/** What is erased with a patient; access records have keys of their own and stay. */
const ERASED: readonly DataClass[] = DATA_CLASSES.filter((dataClass) => dataClass !== 'access');

/** Legal holds, and the erasure of patients by two officers. */
export class Erasures {
  readonly #dependencies: ErasuresDependencies;

  constructor(dependencies: ErasuresDependencies) {
    this.#dependencies = dependencies;
  }

  /** The erasure's id, to be approved by another officer; undefined: no such patient. */
  async ask(
    asking: Asking,
    patient: string,
    reason: string,
    basis: string,
  ): Promise<{ id: string; result: Outcome } | undefined> {
    const subjects = await this.#subjectsOf(patient);
    if (!subjects) return undefined;
    const obstacles = await this.#obstacles(subjects);
    const id = newId();
    const body = { patient: subjects[0]!, subjects, reason, basis, obstacles };
    return { id, result: await this.#handle(asking, id, { type: 'AskErasure', body }) };
  }

  /** Approves, and carries out what was approved: ledger, keys, and the event that purges the read models. */
  async approve(asking: Asking, id: string): Promise<Outcome> {
    const before = await this.#stateOf(id);
    const obstacles = await this.#obstacles(before.subjects);
    const result = await this.#handle(asking, id, { type: 'ApproveErasure', body: { obstacles } });
    if (!result.ok) return result;
    const done = await this.#carryOut(asking, id);
    if (done.ok) await this.#purged(done.position);
    return done;
  }

  /**
   * Carries out what was approved when the process ended before it was done, and tells the log what only the ledger
   * knows: an older copy of the folder was restored, and its read models have the person still.
   */
  async resume(asking: Asking): Promise<number> {
    const { journal, ledger } = this.#dependencies;
    let resumed = 0;
    const { facts } = await journal.load(REGISTER);
    for (const id of facts.map((fact) => String(fact.facts['erasure']))) {
      if ((await this.#stateOf(id)).stage !== 'approved') continue;
      await this.#carryOut(asking, id);
      resumed += 1;
    }
    for (const { id, subjects } of ledger?.erasures ?? []) {
      const [last] = await journal.loadBackwards(`erasure-${id}`, 1);
      if (last?.type === 'PatientErased') continue;
      await this.#handle(asking, id, { type: 'RepeatErasure', body: { subjects } });
      resumed += 1;
    }
    return resumed;
  }

  /** Undefined: no such patient. */
  async hold(asking: Asking, patient: string, kind: 'place' | 'release', reason: string) {
    const subjects = await this.#subjectsOf(patient);
    if (!subjects) return undefined;
    const { journal, clock } = this.#dependencies;
    const work = workOf(asking);
    const type = kind === 'place' ? 'PlaceHold' : 'ReleaseHold';
    const command: HoldCommand = { type, id: work.command, at: clock(), actor: asking.actor, body: { reason } };
    const stream = `hold-${subjects[0]!}`;
    return handle<HoldCommand, { held: boolean }, HoldRefusal, Work>({
      journal,
      decider: legalHold,
      stream,
      command,
      work,
      dataClass: 'clinical',
    });
  }

  async #carryOut(asking: Asking, id: string): Promise<Outcome> {
    const { ledger, vault, clock } = this.#dependencies;
    const { subjects, basis, askedBy, approvedBy } = await this.#stateOf(id);
    const at = new Date(clock()).toISOString();
    // The ledger first: were the process to end after the keys, a restored folder must still know.
    await ledger?.append({ id, subjects, classes: ERASED, at, basis, askedBy, approvedBy });
    for (const subject of subjects) await vault.destroy(subject, ERASED);
    return this.#handle(asking, id, { type: 'CompleteErasure', body: {} });
  }

  /** Nobody finds the person by search any more, or it takes a while: then the answer does not wait for it. */
  async #purged(position: Position): Promise<void> {
    try {
      await this.#dependencies.records.waitFor(position, PURGE_WAIT_MS);
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable) throw error;
    }
  }

  async #stateOf(id: string): Promise<ErasureState> {
    const { facts } = await this.#dependencies.journal.load(`erasure-${id}`);
    return facts.reduce((state, fact) => erasure.evolve(state, fact), erasure.initial);
  }

  #handle(asking: Asking, id: string, asked: Pick<ErasureCommand, 'type' | 'body'>): Promise<Outcome> {
    const { journal, clock } = this.#dependencies;
    const work = workOf(asking);
    const command = { ...asked, id: work.command, at: clock(), actor: asking.actor } as ErasureCommand;
    return handle<ErasureCommand, ErasureState, ErasureRefusal, Work>({
      journal,
      decider: erasure,
      stream: `erasure-${id}`,
      command,
      work,
      dataClass: 'clinical',
      also: async (facts) => (facts.some(({ type }) => type === 'ErasureApproved') ? [registered(id)] : []),
    });
  }

  /** The patient and every record linked with it: they go together. Undefined: no such patient. */
  async #subjectsOf(patient: string): Promise<string[] | undefined> {
    const { journal } = this.#dependencies;
    const hash = journal.keyedHash.bind(journal);
    const found: string[] = [];
    const open = [patient];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const subject = opaqueId('Patient', id, hash);
      if (found.includes(subject)) continue;
      const [last] = await journal.loadBackwards(`patient-${subject}`, 1);
      if (!last) continue;
      found.push(subject);
      if (last.resource !== undefined) open.push(...linkedIds(JSON.parse(last.resource) as Json));
    }
    return found.length > 0 ? found : undefined;
  }

  async #obstacles(subjects: readonly string[]): Promise<Obstacles> {
    return { held: await this.#held(subjects), retention: await this.#retention(subjects) };
  }

  async #held(subjects: readonly string[]): Promise<boolean> {
    for (const subject of subjects) {
      const { facts } = await this.#dependencies.journal.load(`hold-${subject}`);
      if (facts.reduce((state, fact) => legalHold.evolve(state, fact), legalHold.initial).held) return true;
    }
    return false;
  }

  async #retention(subjects: readonly string[]): Promise<Obstacles['retention']> {
    const { retention, lastRecordedAt, clock } = this.#dependencies;
    const years = ERASED.map((dataClass) => retention[dataClass]);
    if (years.some((year) => year === undefined)) return 'not-configured';
    const last = await lastRecordedAt(subjects);
    const longest = Math.max(...years.map((year) => year!)) * YEAR_MS;
    return last !== undefined && last + longest > clock() ? 'running' : 'over';
  }
}

export type Outcome = Done | Refused<ErasureRefusal>;

const registered = (id: string): Pending => ({
  stream: REGISTER,
  expected: 'any',
  facts: [{ type: 'ErasureRegistered', schema: 1, facts: { erasure: id } }],
  dataClass: 'clinical',
});

const workOf = ({ actor, correlation }: Asking): Work => ({ command: newId(), actor, correlation });

interface Link {
  readonly other?: { readonly reference?: string };
  readonly type?: string;
}

function linkedIds(patient: Json): string[] {
  const links = (patient['link'] as readonly Link[] | undefined) ?? [];
  return links
    .filter(({ type }) => type === 'replaces' || type === 'replaced-by')
    .map(({ other }) => /^Patient\/(.+)$/.exec(other?.reference ?? '')?.[1])
    .filter((id) => id !== undefined);
}
