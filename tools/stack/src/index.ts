export { startStack, type Stack, type StackAddresses } from './start-stack.ts';
export type { Admin, StackOptions } from './stack-options.ts';
export type { ServiceProcess } from './service-set.ts';
export { startEventStore, type RunningEventStore } from './event-store.ts';
export { startEngines, testVariables, type EngineSet, type EngineSetOptions } from './engine-set.ts';
export { onSignal } from './on-signal.ts';
export { ENGINES, type EngineName } from './command-line.ts';
