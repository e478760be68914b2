export { contractSuite, type ContractCase, type Opened } from './contract-case.ts';
export { matching, meets, type OracleDocument } from './oracle.ts';
export { readStoreCases, readStoreContract } from './read-store-contract.ts';
export { type OpenedReadStore, type ReadStoreCase } from './samples.ts';
