import assert from 'node:assert/strict';
import { Fault, type FaultCode } from '@anamnesis/kernel';
import type { IndexEntry } from '../entries.ts';
import type { Operation, ReadModelReader, ReadModelWriter, ReadStore } from '../port.ts';
import type { Condition, Page, Query } from '../query.ts';
import { QueryRefused } from '../query-refused.ts';
import type { ContractCase, Opened } from './contract-case.ts';

export interface OpenedReadStore extends Opened {
  readonly store: ReadStore;
}

export type ReadStoreCase = ContractCase<OpenedReadStore>;

export const MODEL = 'clinical';

type Put = Extract<Operation, { put: unknown }>['put'];

export const put = (position: number, type: string, id: string, changes: Partial<Put> = {}): Operation => ({
  put: { type, id, body: `{"id":"${id}","at":${position}}`, lastUpdated: 1_000 + position, entries: [], ...changes },
  position,
});

export const remove = (position: number, type: string, id: string): Operation => ({ remove: { type, id }, position });
export const purge = (position: number, subject: string): Operation => ({ purge: { subject }, position });

export const token = (param: string, code: string, system = ''): IndexEntry => ({ kind: 'token', param, system, code });
export const text = (param: string, value: string): IndexEntry => ({
  kind: 'string',
  param,
  value,
  normalised: value.toLowerCase(),
});
export const range = (param: string, low: number, high = low): IndexEntry => ({ kind: 'range', param, low, high });
export const reference = (param: string, type: string, id: string): IndexEntry => ({
  kind: 'reference',
  param,
  type,
  id,
});
export const uri = (param: string, value: string): IndexEntry => ({ kind: 'uri', param, value });

/** A writer and a reader of the live generation. */
export async function opened({
  store,
}: OpenedReadStore): Promise<{ writer: ReadModelWriter; reader: ReadModelReader }> {
  const writer = await store.writer(MODEL);
  return { writer, reader: await store.reader(MODEL) };
}

/** Both, with these operations applied: the progress is the greatest position. */
export async function holding(opening: OpenedReadStore, ...operations: readonly Operation[]) {
  const both = await opened(opening);
  await both.writer.apply(operations, Math.max(0, ...operations.map(({ position }) => position)));
  return both;
}

/** Answers may come from another thread, and with it from another realm, whose arrays no strict comparison takes for ours. */
export const same = (actual: unknown, expected: unknown, about?: string): void =>
  assert.deepEqual(structuredPlain(actual), expected, about);

const structuredPlain = (value: unknown): unknown =>
  value === undefined ? undefined : JSON.parse(JSON.stringify(value));

export const idsOf = ({ documents }: Pick<Page, 'documents'>): string[] => Array.from(documents, ({ id }) => id);

/** The ids of all documents that are found, in order, page by page. */
export async function found(
  reader: ReadModelReader,
  type: string,
  where?: Condition,
  more: Partial<Query> = {},
): Promise<string[]> {
  const ids: string[] = [];
  const query: Query = { type, limit: 100, ...(where === undefined ? {} : { where }), ...more };
  for (let page = await reader.query(query); ; page = await reader.query({ ...query, after: page.next! })) {
    ids.push(...idsOf(page));
    if (page.next === undefined) return ids;
  }
}

export async function faults(code: FaultCode, work: () => Promise<unknown>): Promise<Fault> {
  const error = await work().then(
    () => assert.fail(`nothing was thrown, where ${code} should have been`),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Fault, `no fault: ${String(error)}`);
  assert.equal(error.code, code);
  return error;
}

export async function refuses(code: QueryRefused['code'], work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => error instanceof QueryRefused && error.code === code);
}
