import { eventStoreContract } from '@anamnesis/event-store/contract';
import { openEventStoreDb } from './open-event-store-db.ts';

eventStoreContract('the EventStoreDB adapter', openEventStoreDb);
