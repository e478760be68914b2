import { contractSuite } from './contract-case.ts';
import { generationCases } from './generation-cases.ts';
import { pagingCases } from './paging-cases.ts';
import { purgeCases } from './purge-cases.ts';
import { queryCases } from './query-cases.ts';
import { randomCases } from './random-cases.ts';
import type { OpenedReadStore, ReadStoreCase } from './samples.ts';
import { writeCases } from './write-cases.ts';

/** Everything the read store's port promises; each case wants a store that is empty. */
export const readStoreCases: readonly ReadStoreCase[] = [
  ...writeCases,
  ...purgeCases,
  ...queryCases,
  ...pagingCases,
  ...generationCases,
  ...randomCases,
];

/** The suite of an adapter: ten lines in its spec. `exceptions` names the cases its engine cannot keep. */
export function readStoreContract(
  name: string,
  open: () => Promise<OpenedReadStore>,
  exceptions: readonly string[] = [],
): void {
  contractSuite(`${name} keeps the read store's contract`, readStoreCases, open, exceptions);
}
