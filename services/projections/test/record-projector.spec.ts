import { describe, expect, it } from '@jest/globals';
import type { Actor, RecordedFact } from '@anamnesis/kernel';
import { project } from '../src/index.ts';

const subject = '0197c5f2-0000-7000-8000-000000000001';
const actor: Actor = { id: 'a', role: 'nurse', purpose: 'TREAT' };

function fact(parts: Partial<RecordedFact> & { actor?: Actor; subject?: string | undefined }): RecordedFact {
  const { actor: by = actor, subject: of = subject, ...rest } = parts;
  return {
    id: 'e',
    stream: `observation-${subject}`,
    type: 'ObservationRecorded',
    schema: 1,
    revision: 0,
    position: 7,
    recordedAt: Date.UTC(2020, 0, 2),
    facts: { resourceType: 'Observation', id: 'o1', versionId: '3' },
    meta: {
      actor: by,
      dataClass: 'clinical',
      command: 'c',
      correlation: 'k',
      ...(of !== undefined && { subject: of }),
    },
    ...rest,
  };
}

const resource = '{"resourceType":"Observation","id":"o1","meta":{},"status":"final","valueQuantity":{"value":1.00}}';

describe('projecting', () => {
  it('puts the version as it is served, decimals as they were written', () => {
    const [operation, ...more] = project(fact({ resource }));
    expect(more).toEqual([]);
    expect(operation).toMatchObject({
      position: 7,
      put: { type: 'Observation', id: 'o1', subject, lastUpdated: Date.UTC(2020, 0, 2) },
    });
    const body = operation && 'put' in operation ? operation.put.body : '';
    expect(body).toBe(
      '{"resourceType":"Observation","id":"o1","meta":{"versionId":"3","lastUpdated":"2020-01-02T00:00:00.000Z"},"status":"final","valueQuantity":{"value":1.00}}',
    );
    const entries = operation && 'put' in operation ? operation.put.entries : [];
    expect(entries).toContainEqual({ param: 'value-quantity', kind: 'range', low: 1, high: 1, system: '', code: '' });
  });

  it('has no subject for what belongs to no patient', () => {
    const [operation] = project({
      ...fact({ resource }),
      meta: { actor, dataClass: 'clinical', command: 'c', correlation: 'k' },
    });
    expect(operation).not.toHaveProperty('put.subject');
  });

  it('removes what was deleted', () => {
    expect(project(fact({ type: 'ObservationDeleted' }))).toEqual([
      { remove: { type: 'Observation', id: 'o1' }, position: 7 },
    ]);
  });

  it('makes nothing of facts without a version of a resource', () => {
    expect(project(fact({ type: 'ResultAcknowledged', facts: { by: 'x' } }))).toEqual([]);
    expect(project(fact({ type: 'ResultAcknowledged' }))).toEqual([]);
  });

  it('purges every subject of an erasure, once each', () => {
    const erased = fact({ type: 'PatientErased', facts: { subjects: ['s1', subject, 's1', 5] } });
    expect(project(erased)).toEqual([
      { purge: { subject: 's1' }, position: 7 },
      { purge: { subject }, position: 7 },
    ]);
  });

  it('notes the facility of a visit, in an id that fits', () => {
    const facility = 'f'.repeat(300);
    const [operation] = project(
      fact({ stream: `encounter-${subject}`, type: 'PatientAdmitted', facts: {}, actor: { ...actor, facility } }),
    );
    expect(operation).toMatchObject({
      put: {
        type: 'PatientFacility',
        subject,
        entries: [{ param: 'facility', kind: 'token', system: '', code: facility }],
      },
    });
    expect(operation && 'put' in operation ? operation.put.id.length : 99).toBeLessThanOrEqual(64);
  });

  it('throws on what cannot be read, and on text that is not canonical', () => {
    expect(() => project(fact({ resource: 'x' }))).toThrow();
    expect(() => project(fact({ resource: '{"id":"o1","resourceType":"Observation"}' }))).toThrow();
  });
});
