import { describe, it } from '@jest/globals';
import { eventStoreContract } from '@anamnesis/event-store/contract';
import { EventStoreDb } from '@anamnesis/event-store/eventstoredb';
import { openEventStoreDb } from './open-event-store-db.ts';
import { since } from './since.ts';

/** What the wire server cannot keep, by the name of the contract's case, and why. */
const WIRE_EXCEPTIONS = [
  // Its log takes 10,000 events in one append, and the server keeps room for one of its own among them.
  'a batch over the limits is refused whole, one at the limit is stored',
];

/** The same of an EventStoreDB as it is set up by default, and of one that other suites have used. */
const SERVER_EXCEPTIONS = [
  // `MaxAppendSize` is 1 MiB by default.
  'a large event comes back whole',
  'a batch over the limits is refused whole, one at the limit is stored',
  // The events of one append have each a time of their own there, and a millisecond can end between two of them.
  'a new stream begins with its events, whole',
  // The name it tries is always the same.
  'the longest stream name serves, others are refused',
];

eventStoreContract('the EventStoreDB adapter on the wire server', openEventStoreDb, WIRE_EXCEPTIONS);

const connectionString = process.env['ANAMNESIS_TEST_EVENT_STORE'];
if (connectionString) {
  const open = async (): ReturnType<Parameters<typeof eventStoreContract>[1]> => {
    let current = await EventStoreDb.open({ connectionString });
    const start = await current.head();
    return {
      store: since(current, start),
      async reopen() {
        await current.close();
        current = await EventStoreDb.open({ connectionString });
        return since(current, start);
      },
      cleanup: () => current.close(),
    };
  };
  eventStoreContract('the EventStoreDB adapter on an EventStoreDB', open, SERVER_EXCEPTIONS);
} else {
  describe('the EventStoreDB adapter on an EventStoreDB', () => {
    it.skip('keeps the contract (needs ANAMNESIS_TEST_EVENT_STORE, a connection string)', () => undefined);
  });
}
