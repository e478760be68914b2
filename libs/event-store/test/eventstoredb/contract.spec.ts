import { eventStoreContract } from '@anamnesis/event-store/contract';
import { openEventStoreDb } from './open-event-store-db.ts';

/** What the wire server cannot keep, by the name of the contract's case, and why. */
const EXCEPTIONS = [
  // Its log takes 10,000 events in one append, and the server keeps room for one of its own among them.
  'a batch over the limits is refused whole, one at the limit is stored',
];

eventStoreContract('the EventStoreDB adapter', openEventStoreDb, EXCEPTIONS);
