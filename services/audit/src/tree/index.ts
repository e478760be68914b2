export * from './frontier.ts';
export * from './growing-tree.ts';
export * from './hashing.ts';
export * from './proofs.ts';
export * from './tiled-tree.ts';
export * from './verify-proofs.ts';
