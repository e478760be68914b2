export { MountedKeyEncryption } from './mounted-key-encryption.ts';
