import type { Condition, Operation, Page, Query, ReadModelReader } from '@anamnesis/read-store';
import type { Position } from '@anamnesis/kernel';
import { FACILITY_PARAM, PATIENT_FACILITY } from '@anamnesis/projections-service';
import type { Model } from './parts.ts';

const conditions: readonly { readonly type: string; readonly where?: Condition }[] = [
  { type: 'Patient' },
  { type: 'Patient', where: { param: 'family', string: { prefix: 'm' } } },
  { type: 'Patient', where: { param: 'gender', token: { code: 'other' } } },
  { type: 'Observation' },
  { type: 'Observation', where: { param: 'status', token: { code: 'final' } } },
  {
    type: 'Observation',
    where: { param: 'patient', refersTo: { type: 'Patient', where: { param: 'gender', token: { code: 'other' } } } },
  },
  { type: PATIENT_FACILITY, where: { param: FACILITY_PARAM, token: { code: 'north' } } },
  { type: 'PoisonEvent' },
];

/** Both models answer searches alike, before and after one of them was built anew beside itself and swapped in. */
export async function checkSearches(
  model: Model,
  clean: Model,
  operations: readonly Operation[],
  head: Position,
): Promise<string[]> {
  if (!model.reader || !clean.reader || !model.rebuild) return [];
  const expected = await answers(clean.reader);
  const wrong = differences('', await answers(model.reader), expected);
  await model.rebuild((writer) => writer.apply(operations, head));
  return [...wrong, ...differences(' after a rebuild', await answers(model.reader), expected)];
}

async function answers(reader: ReadModelReader): Promise<string[]> {
  const found: string[] = [];
  for (const { type, where } of conditions) {
    const query: Query = { type, limit: 1_000, total: true, ...(where && { where }) };
    found.push(told(await reader.query(query)));
  }
  return found;
}

/** Without an order of its own a query promises none. */
function told({ documents, total }: Page): string {
  return JSON.stringify([total, documents.map((document) => JSON.stringify(document)).sort()]);
}

const differences = (when: string, found: readonly string[], expected: readonly string[]): string[] =>
  conditions.flatMap(({ type }, index) =>
    found[index] === expected[index] ? [] : [`search ${index} for ${type} is answered differently${when}`],
  );
