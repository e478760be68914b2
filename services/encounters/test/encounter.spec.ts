import { describe, it } from '@jest/globals';
import type { Fact } from '@anamnesis/kernel';
import { versionFact, type Json, type PutRecord } from '@anamnesis/records';
import { specify } from '@anamnesis/testing';
import { encounter } from '../src/domain/encounter.ts';

const actor = { id: 'registrar-1', role: 'registrar', purpose: 'HOPERAT' };
const ID = '0190a5f4-0000-7000-8000-000000000002';

const put = (status: string, members: Json = {}, origin?: 'imported'): PutRecord => {
  const value = { resourceType: 'Encounter', id: ID, meta: {}, status, class: { code: 'IMP' }, ...members };
  const resource = { value, text: JSON.stringify(value) };
  const body = { resourceType: 'Encounter', id: ID, resource, ...(origin && { origin }) };
  return { id: 'command', at: 0, actor, type: 'PutRecord', body };
};
const at = (type: string, status: string, version = 1, members: Json = {}): Fact =>
  versionFact(type, put(status, members), version);
const bed = (name: string): Json => ({ location: [{ location: { reference: `Location/${name}` }, status: 'active' }] });

const given = specify(encounter);
const admitted = at('PatientAdmitted', 'in-progress');

describe('an encounter', () => {
  it('is planned, then the patient arrives and is admitted', () => {
    given().when(put('planned')).then(at('EncounterPlanned', 'planned'));
    given(at('EncounterPlanned', 'planned'))
      .when(put('arrived'))
      .then(at('PatientArrived', 'arrived', 2));
    given(at('PatientArrived', 'arrived'))
      .when(put('in-progress'))
      .then(at('PatientAdmitted', 'in-progress', 2));
  });

  it('cannot end in a discharge before an admission', () => {
    given(at('EncounterPlanned', 'planned')).when(put('finished')).thenRefused('not-admitted', 'Encounter.status');
    given(at('PatientArrived', 'arrived')).when(put('finished')).thenRefused('not-admitted');
  });

  it('admits once', () => given(admitted).when(put('arrived')).thenRefused('already-admitted'));

  it('says a move to another place is a transfer', () =>
    given(at('PatientAdmitted', 'in-progress', 1, bed('a')))
      .when(put('in-progress', bed('b')))
      .then(at('PatientTransferred', 'in-progress', 2, bed('b'))));

  it('is amended where the patient stays in place', () =>
    given(at('PatientAdmitted', 'in-progress', 1, bed('a')))
      .when(put('in-progress', { ...bed('a'), priority: { text: 'urgent' } }))
      .then(at('EncounterAmended', 'in-progress', 2, { ...bed('a'), priority: { text: 'urgent' } })));

  it('lets the patient go on leave and come back', () => {
    given(admitted)
      .when(put('onleave'))
      .then(at('LeaveStarted', 'onleave', 2));
    given(at('LeaveStarted', 'onleave'))
      .when(put('in-progress'))
      .then(at('LeaveEnded', 'in-progress', 2));
    given(at('PatientArrived', 'arrived')).when(put('onleave')).thenRefused('not-admitted');
  });

  it('ends in a discharge, which can be reversed and nothing else', () => {
    given(admitted)
      .when(put('finished'))
      .then(at('PatientDischarged', 'finished', 2));
    const discharged = at('PatientDischarged', 'finished');
    given(discharged)
      .when(put('in-progress'))
      .then(at('DischargeReversed', 'in-progress', 2));
    given(discharged).when(put('cancelled')).thenRefused('encounter-ended');
  });

  it('is cancelled only before the admission', () => {
    given(at('EncounterPlanned', 'planned'))
      .when(put('cancelled'))
      .then(at('EncounterCancelled', 'cancelled', 2));
    given(admitted).when(put('cancelled')).thenRefused('already-admitted');
    given(at('EncounterCancelled', 'cancelled')).when(put('in-progress')).thenRefused('encounter-ended');
  });

  it('told afterwards is a fact: a finished one is recorded as it is', () =>
    given().when(put('finished')).then(at('EncounterRecorded', 'finished')));

  it('imported is stored as it is stated, whatever it says', () => {
    const imported = versionFact('EncounterAmended', put('planned', {}, 'imported'), 2);
    given(at('PatientDischarged', 'finished'))
      .when(put('planned', {}, 'imported'))
      .then(imported);
  });

  it('entered in error is never written again', () => {
    given(admitted)
      .when(put('entered-in-error'))
      .then(at('EncounterEnteredInError', 'entered-in-error', 2));
    given(at('EncounterEnteredInError', 'entered-in-error')).when(put('in-progress')).thenRefused('entered-in-error');
  });
});
