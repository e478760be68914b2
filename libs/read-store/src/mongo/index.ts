export { openMongoReadStore, type MongoReader, type MongoReadStore, type MongoReadStoreOptions } from './read-store.ts';
