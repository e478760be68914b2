export * from './findings.ts';
export * from './log-file.ts';
export * from './log-source.ts';
export * from './verify-folder.ts';
export * from './verify-log-file.ts';
