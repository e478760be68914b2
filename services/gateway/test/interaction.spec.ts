import { describe, expect, it } from '@jest/globals';
import { interactionOf } from '../src/fhir/interaction.ts';
import { FhirProblem } from '../src/fhir/problem.ts';

type Method = Parameters<typeof interactionOf>[0]['method'];
const of = (line: string) => {
  const [method = '', path = ''] = line.split(' ');
  return interactionOf({ method: method as Method, path });
};
const statusOf = (line: string): number => {
  try {
    of(line);
  } catch (error) {
    if (error instanceof FhirProblem) return error.status;
    throw error;
  }
  return 0;
};

describe('what a request asks for', () => {
  it.each([
    ['GET metadata', { kind: 'metadata' }],
    ['GET Patient/1', { kind: 'read', type: 'Patient', id: '1' }],
    ['HEAD Patient/1', { kind: 'read', type: 'Patient', id: '1' }],
    ['GET Patient/1/_history/2', { kind: 'vread', type: 'Patient', id: '1', versionId: '2' }],
    ['GET Patient/1/_history', { kind: 'history', type: 'Patient', id: '1' }],
    ['GET Patient/_history', { kind: 'history', type: 'Patient' }],
    ['GET _history', { kind: 'history' }],
    ['GET Patient', { kind: 'search', type: 'Patient' }],
    ['POST Patient/_search', { kind: 'search', type: 'Patient' }],
    ['POST Patient', { kind: 'create', type: 'Patient' }],
    ['PUT Patient/1', { kind: 'update', type: 'Patient', id: '1' }],
    ['PATCH Patient/1', { kind: 'patch', type: 'Patient', id: '1' }],
    ['DELETE Patient/1', { kind: 'delete', type: 'Patient', id: '1' }],
    ['PUT Patient', { kind: 'conditional-update', type: 'Patient' }],
    ['PATCH Patient', { kind: 'conditional-patch', type: 'Patient' }],
    ['DELETE Patient', { kind: 'conditional-delete', type: 'Patient' }],
    ['POST ', { kind: 'bundle' }],
    ['GET Patient/1/$everything', { kind: 'operation', name: '$everything', type: 'Patient', id: '1' }],
    ['POST Patient/$validate', { kind: 'operation', name: '$validate', type: 'Patient' }],
    ['POST $validate', { kind: 'operation', name: '$validate' }],
  ])('%s', (line, expected) => expect(of(line)).toEqual(expected));

  it('is refused where there is no such type, path, id or method', () => {
    expect(statusOf('GET Nothing')).toBe(404);
    expect(statusOf('GET constructor')).toBe(404);
    expect(statusOf('GET Bundle/1')).toBe(404);
    expect(statusOf(`GET Patient/${'a'.repeat(65)}`)).toBe(400);
    expect(statusOf('GET Patient/a_b')).toBe(400);
    expect(statusOf('GET Patient/1/2/3')).toBe(404);
    expect(statusOf('POST Patient/1')).toBe(405);
    expect(statusOf('DELETE ')).toBe(405);
    expect(statusOf('DELETE Patient/1/_history')).toBe(405);
  });
});
