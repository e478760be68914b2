export * from './clinical-time.ts';
export * from './ownership.ts';
export * from './record.ts';
