export { compile, compileExpression, compileTest, type Env, type Evaluate } from './compile.ts';
export { type Node, parseExpression, UnsupportedExpression } from './parse.ts';
export type { Items } from './values.ts';
