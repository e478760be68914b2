export { EXIT, type ExitCode } from './exit.ts';
export { runCommandLine } from './program.ts';
export type { Terminal } from './terminal.ts';
