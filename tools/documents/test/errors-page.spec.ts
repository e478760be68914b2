import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { JSON_PROBLEMS } from '@anamnesis/fhir/json';
import { PATCH_PROBLEMS } from '@anamnesis/fhir/patch';
import { ISSUES } from '@anamnesis/fhir/validation';
import { PROOF_PROBLEMS } from '@anamnesis/audit-service';
import { CALLER_PROBLEMS } from '@anamnesis/identity';
import { ERASURE_REFUSALS, HOLD_REFUSALS } from '@anamnesis/patients-service';
import { RECORD_REFUSALS } from '@anamnesis/records';
import { FAULT_PROBLEMS, HTTP_PROBLEMS } from '@anamnesis/service';
import { codesInSource } from './codes-in-source.ts';

const CODES = [
  RECORD_REFUSALS,
  ERASURE_REFUSALS,
  HOLD_REFUSALS,
  FAULT_PROBLEMS,
  HTTP_PROBLEMS,
  JSON_PROBLEMS,
  PATCH_PROBLEMS,
  ISSUES,
]
  .flatMap((codes) => Object.keys(codes))
  .concat([...CALLER_PROBLEMS, ...PROOF_PROBLEMS].map(({ code }) => code));

/** The rows of the page's tables, by their first cell. */
let listed: Map<string, readonly string[]>;

beforeAll(() => {
  const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .map(([, code, ...rest]): [string, readonly string[]] => [code!.replaceAll('`', ''), rest.slice(0, -1)]);
  listed = new Map(rows);
});

describe('docs/errors.md', () => {
  it.each(CODES)('lists %s', (code) => expect([...listed.keys()]).toContain(code));

  it('lists no code that is not there', () => {
    expect([...listed.keys()].filter((code) => !CODES.includes(code))).toEqual([]);
  });

  it('says of each code what it means and, but for validation, what to do', () => {
    const short = [...listed].filter(
      ([code, cells]) => cells.length !== (code in ISSUES ? 2 : 4) || cells.includes(''),
    );
    expect(short).toEqual([]);
  });
});

describe('the tables of codes', () => {
  it('the reading of the source finds codes', () => {
    expect([...codesInSource().keys()]).toEqual(expect.arrayContaining(['store-full', 'unknown-purpose']));
  });

  it('hold every code that the code names', () => {
    const missing = [...codesInSource()].filter(([code]) => !CODES.includes(code));
    expect(missing.map(([code, file]) => `${code} in ${file}`)).toEqual([]);
  });
});
