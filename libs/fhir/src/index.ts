export * from './json/index.ts';
export * from './model/index.ts';
export * from './outcome.ts';
export * from './patch/index.ts';
export type * from './types.ts';
export * from './validation/index.ts';
