export type * from './port.ts';
export type * from './key-encryption.ts';
export * from './key-owner.ts';
export * from './sealing.ts';
export * from './erasure-ledger.ts';
