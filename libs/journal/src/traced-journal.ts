import { recordAppend, telemetryIsOn, trace } from '@anamnesis/service';
import type { Committable, Committed, Work } from './port.ts';
import { SealedJournal } from './sealed-journal.ts';

/** The journal of a service that reports: its appends are traced and timed while telemetry is on. */
export class TracedJournal extends SealedJournal {
  override commit(pending: readonly Committable[], work: Work): Promise<Committed> {
    if (!telemetryIsOn()) return super.commit(pending, work);
    const events = pending.reduce((sum, one) => sum + ('events' in one ? one.events : one.facts).length, 0);
    const started = performance.now();
    return trace('event-store append', { 'anamnesis.events': events }, async () => {
      const committed = await super.commit(pending, work);
      recordAppend(performance.now() - started, events);
      return committed;
    });
  }
}
