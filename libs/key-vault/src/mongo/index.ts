export { MongoKeyReader, type MongoKeyReaderOptions } from './mongo-key-reader.ts';
export { MongoKeyVault, type MongoKeyVaultOptions } from './mongo-key-vault.ts';
export { prepareKeyVault } from './schema.ts';
export type { KeyDatabaseOptions } from './connection.ts';
