export * from './checkpoint.ts';
export * from './checkpoint-log.ts';
export * from './key-files.ts';
export * from './note.ts';
export * from './note-key.ts';
