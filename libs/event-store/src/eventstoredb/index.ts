export { EventStoreDb, type EventStoreDbOptions } from './event-store-db.ts';
export {
  EventStoreDbReader,
  openEventStoreDbReader,
  type EventStoreDbReaderOptions,
  type RawStoredEvent,
} from './event-store-db-reader.ts';
