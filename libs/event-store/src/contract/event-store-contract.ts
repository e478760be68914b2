import { appendCases } from './append-cases.ts';
import { batchCases } from './batch-cases.ts';
import { contractSuite } from './contract-case.ts';
import { readCases } from './read-cases.ts';
import { repeatCases } from './repeat-cases.ts';
import type { EventStoreCase, OpenedEventStore } from './samples.ts';
import { subscriptionCases } from './subscription-cases.ts';

/** Everything the event store's port promises; each case wants a store that is empty. */
export const eventStoreCases: readonly EventStoreCase[] = [
  ...appendCases,
  ...repeatCases,
  ...batchCases,
  ...readCases,
  ...subscriptionCases,
];

/** The suite of an adapter: ten lines in its spec. `exceptions` names the cases its engine cannot keep. */
export function eventStoreContract(
  name: string,
  open: () => Promise<OpenedEventStore>,
  exceptions: readonly string[] = [],
): void {
  contractSuite(`${name} keeps the event store's contract`, eventStoreCases, open, exceptions);
}
