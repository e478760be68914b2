export { contractSuite, type ContractCase, type Opened } from './contract-case.ts';
export { eventStoreCases, eventStoreContract } from './event-store-contract.ts';
export { flaky, type FlakyCall, type FlakyMethod, type Mishap } from './flaky.ts';
export { sample, samples, streamOf, until, type EventStoreCase, type OpenedEventStore } from './samples.ts';
