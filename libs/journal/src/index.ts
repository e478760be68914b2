export type * from './port.ts';
export * from './sealed-journal-reader.ts';
export * from './sealed-journal.ts';
export * from './upcasters.ts';
