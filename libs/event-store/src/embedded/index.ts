export { EmbeddedEventStore, type EmbeddedEventStoreOptions } from './embedded-event-store.ts';
export {
  EmbeddedReader,
  openEmbeddedReader,
  type EmbeddedReaderOptions,
  type RawEvent,
  type Scan,
} from './embedded-reader.ts';
export { logPath } from './log-database.ts';
export { CorruptLog } from './sqlite-fault.ts';
