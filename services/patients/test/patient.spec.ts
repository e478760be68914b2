import { describe, expect, it } from '@jest/globals';
import type { Fact } from '@anamnesis/kernel';
import { versionFact, type Json, type PutRecord } from '@anamnesis/records';
import { folded, specify } from '@anamnesis/testing';
import { patient, type PatientCommand } from '../src/domain/patient.ts';

const actor = { id: 'registrar-1', role: 'registrar', purpose: 'HOPERAT' };
const ID = '0190a5f4-0000-7000-8000-000000000003';
const OTHER = '0190a5f4-0000-7000-8000-000000000004';
const base = { id: 'command', at: 0, actor };

const put = (members: Json = {}): PutRecord => {
  const value = { resourceType: 'Patient', id: ID, meta: {}, active: true, ...members };
  const body = { resourceType: 'Patient', id: ID, resource: { value, text: JSON.stringify(value) } };
  return { ...base, type: 'PutRecord', body };
};
const at = (type: string, version: number, members: Json = {}, extra: Json = {}): Fact => {
  const fact = versionFact(type, put(members), version);
  return { ...fact, facts: { ...fact.facts, ...extra } };
};
const link = (type: string): Json => ({ link: [{ other: { reference: `Patient/${OTHER}` }, type }] });
const body = { other: OTHER };
const merge: PatientCommand = { ...base, type: 'MergePatient', body };
const absorb: PatientCommand = { ...base, type: 'AbsorbRecord', body };
const unmerge: PatientCommand = { ...base, type: 'UnmergePatient', body };

const given = specify(patient);
const registered = at('PatientRegistered', 1);
const merged = at('PatientMerged', 2, { active: false, ...link('replaced-by') }, body);
const absorbed = at('RecordAbsorbed', 2, link('replaces'), body);

describe('a patient', () => {
  it('is registered, then corrected', () => {
    given().when(put()).then(registered);
    given(registered)
      .when(put({ gender: 'female' }))
      .then(at('DemographicsCorrected', 2, { gender: 'female' }));
  });

  it('dies, and a death recorded in error is revoked', () => {
    given(registered)
      .when(put({ deceasedDateTime: '2024-01-01' }))
      .then(at('DeathRecorded', 2, { deceasedDateTime: '2024-01-01' }));
    given(registered, at('DeathRecorded', 2, { deceasedBoolean: true }))
      .when(put())
      .then(at('DeathRevoked', 3));
  });

  it('merged into another record links to it and is inactive', () => given(registered).when(merge).then(merged));

  it('that survives a merge links to what it absorbed', () => given(registered).when(absorb).then(absorbed));

  it('that was merged is not written to, and is not merged again', () => {
    given(registered, merged).when(put()).thenRefused('merged');
    given(registered, merged).when(merge).thenRefused('merged');
    given(registered, merged).when(absorb).thenRefused('merge-target-merged');
  });

  it('is not merged into itself', () =>
    given(registered)
      .when({ ...merge, body: { other: ID } })
      .thenRefused('merge-into-itself'));

  it('unmerged is as it was before, on both sides', () => {
    given(registered, merged)
      .when(unmerge)
      .then(at('PatientUnmerged', 3, {}, body));
    given(registered, absorbed)
      .when(unmerge)
      .then(at('PatientUnmerged', 3, {}, body));
    given(registered).when(unmerge).thenRefused('not-merged');
  });

  it('is not merged by a version that merely says so', () =>
    given(registered)
      .when(put(link('replaced-by')))
      .thenRefused('status-change', 'Patient.link'));

  it('keeps the decimals of what it did not write through a merge', () => {
    const text = `{"resourceType":"Patient","id":"${ID}","meta":{},"extension":[{"url":"http://x","valueDecimal":1.00}]}`;
    const fact: Fact = { ...registered, resource: text };
    const decision = patient.decide(merge, folded(patient, [fact]));
    expect('accepted' in decision && decision.accepted[0]?.resource).toContain('"valueDecimal":1.00');
  });

  it('that was never registered is not merged', () => given().when(merge).thenRefused('not-found'));
});
