export { openReadStore, type EmbeddedReadStore, type EmbeddedReadStoreOptions } from './read-store.ts';
