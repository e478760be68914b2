import type { EventStore } from '@anamnesis/event-store';
import type { KeyVault } from '@anamnesis/key-vault';
import {
  annotateSpan,
  count,
  currentTraceparent,
  errorType,
  recordDuration,
  telemetryIsOn,
  trace,
} from '@anamnesis/service';
import type { Committable, Committed, Work } from './port.ts';
import { SealedJournal } from './sealed-journal.ts';

/** What keeps the log, as `db.system.name` has it. */
export type LogSystem = 'sqlite' | 'eventstoredb';

/** The journal of a service that reports: its appends are traced and timed while telemetry is on. */
export class TracedJournal extends SealedJournal {
  readonly #system: LogSystem;

  constructor(store: EventStore, vault: KeyVault, system: LogSystem = 'sqlite') {
    super(store, vault);
    this.#system = system;
  }

  override commit(pending: readonly Committable[], work: Work): Promise<Committed> {
    if (!telemetryIsOn()) return super.commit(pending, work);
    const events = pending.reduce((sum, one) => sum + ('events' in one ? one.events : one.facts).length, 0);
    const database = { 'db.system.name': this.#system, 'db.operation.name': 'append' };
    const attributes = { ...database, 'anamnesis.events': events, 'anamnesis.streams': pending.length };
    const parent = work.traceparent;
    const options = { role: 'client', ...(parent !== undefined && { parent }) } as const;
    const traced = traceOf(pending, work);
    return trace('append', attributes, () => this.#timed(pending, traced, events, database), options);
  }

  async #timed(
    pending: readonly Committable[],
    work: Work,
    events: number,
    database: Readonly<Record<string, string>>,
  ): Promise<Committed> {
    const began = performance.now();
    let failure: { 'error.type'?: string } = {};
    try {
      const committed = await super.commit(pending, work);
      // Somebody was faster: an answer, but one that is worth seeing beside the decision that is made again.
      if (committed.ok) count('anamnesis.append.events', events, {});
      else annotateSpan({ 'anamnesis.conflict': true });
      return committed;
    } catch (error) {
      failure = { 'error.type': errorType(error) };
      annotateSpan(failure, true);
      throw error;
    } finally {
      recordDuration('db.client.operation.duration', performance.now() - began, { ...database, ...failure });
    }
  }
}

/**
 * Work that names no trace is that of the request in which it is done. Records of access are not: those of several
 * requests are committed together, in the turn of the first.
 */
function traceOf(pending: readonly Committable[], work: Work): Work {
  if (work.traceparent !== undefined) return work;
  if (pending.some((one) => 'dataClass' in one && one.dataClass === 'access')) return work;
  const traceparent = currentTraceparent();
  return traceparent === undefined ? work : { ...work, traceparent };
}
