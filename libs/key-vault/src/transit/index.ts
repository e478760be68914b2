export { TransitKeyEncryption, type TransitOptions } from './transit-key-encryption.ts';
export type { TransitAuth } from './token.ts';
