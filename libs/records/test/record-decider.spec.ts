import { describe, it } from '@jest/globals';
import type { Fact } from '@anamnesis/kernel';
import { specify } from '@anamnesis/testing';
import { recordDecider, versionFact, type DeleteRecord, type Json, type PutRecord } from '../src/index.ts';

const actor = { id: 'nurse-1', role: 'nurse', purpose: 'TREAT' };
const base = { id: 'command-1', at: 1_700_000_000_000, actor };
const ID = '0190a5f4-0000-7000-8000-000000000001';

const put = (members: Json = {}, extra: Partial<PutRecord['body']> = {}): PutRecord => {
  const value = { resourceType: 'Observation', id: ID, meta: {}, status: 'final', ...members };
  const body = { resourceType: 'Observation', id: ID, resource: { value, text: JSON.stringify(value) }, ...extra };
  return { ...base, type: 'PutRecord', body };
};
const remove = (extra: Partial<DeleteRecord['body']> = {}): DeleteRecord => ({
  ...base,
  type: 'DeleteRecord',
  body: { resourceType: 'Observation', id: ID, ...extra },
});
const stored = (type: string, version: number, members: Json = {}): Fact => versionFact(type, put(members), version);
const recorded = (members?: Json): Fact => stored('ObservationRecorded', 1, members);
const deleted = (version: number): Fact => ({
  type: 'ObservationDeleted',
  schema: 1,
  facts: { resourceType: 'Observation', id: ID, versionId: String(version) },
});

const given = specify(recordDecider({ deletable: (current) => current['status'] !== 'amended' }));

describe('a record', () => {
  it('begins with its first version', () => given().when(put()).then(recorded()));

  it('carries its clinical time beside the resource', () =>
    given()
      .when(put({ effectiveDateTime: '2020-02-01' }))
      .then(recorded({ effectiveDateTime: '2020-02-01' })));

  it('is amended in its next version', () =>
    given(recorded())
      .when(put({ status: 'corrected' }))
      .then(stored('ObservationAmended', 2, { status: 'corrected' })));

  it('is entered in error, and then never amended again', () => {
    given(recorded())
      .when(put({ status: 'entered-in-error' }))
      .then(stored('ObservationEnteredInError', 2, { status: 'entered-in-error' }));
    given(recorded(), stored('ObservationEnteredInError', 2, { status: 'entered-in-error' }))
      .when(put())
      .thenRefused('entered-in-error');
  });

  it('knows an entered-in-error verification status', () =>
    given()
      .when(put({ verificationStatus: { coding: [{ code: 'entered-in-error' }] } }))
      .then(
        stored('ObservationEnteredInError', 1, { verificationStatus: { coding: [{ code: 'entered-in-error' }] } }),
      ));

  it('is deleted once: a second deletion changes nothing', () => {
    given(recorded()).when(remove()).then(deleted(2));
    given(recorded(), deleted(2)).when(remove()).then();
    given().when(remove()).then();
  });

  it('comes back with a version after its deletion', () =>
    given(recorded(), deleted(2)).when(put()).then(stored('ObservationAmended', 3)));

  it('is not deleted where its rules forbid it', () =>
    given(recorded({ status: 'amended' }))
      .when(remove())
      .thenRefused('signed'));

  it('is written only on the version that the client saw', () => {
    given(recorded())
      .when(put({}, { ifMatch: '2' }))
      .thenRefused('version-conflict');
    given()
      .when(put({}, { ifMatch: '1' }))
      .thenRefused('version-conflict');
    given(recorded())
      .when(remove({ ifMatch: '7' }))
      .thenRefused('version-conflict');
    given(recorded())
      .when(put({}, { ifMatch: '1' }))
      .then(stored('ObservationAmended', 2));
  });

  it('says that it was imported', () => {
    const fact = versionFact('ObservationRecorded', put({}, { origin: 'imported' }), 1);
    given()
      .when(put({}, { origin: 'imported' }))
      .then(fact);
  });
});
