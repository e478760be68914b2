export * from './embedded-key-vault.ts';
export { EmbeddedKeyReader, openEmbeddedKeyReader, type KeyReaderOptions } from './embedded-key-reader.ts';
export { FileKeyEncryption } from './file-key-encryption.ts';
