import { describe, it } from '@jest/globals';
import type { Fact } from '@anamnesis/kernel';
import { specify } from '@anamnesis/testing';
import { erasure, type ErasureCommand, type Obstacles } from '../src/domain/erasure.ts';
import { legalHold, type HoldCommand } from '../src/domain/legal-hold.ts';

const officer = (id: string) => ({ id, role: 'compliance-officer', purpose: 'HOPERAT' });
const free: Obstacles = { held: false, retention: 'over' };
const subjects = ['0190a5f4-0000-7000-8000-000000000005'];
const asked = { patient: subjects[0]!, subjects, reason: 'asked by the person', basis: 'GDPR 17(1)(b)' };

const ask = (obstacles = free): ErasureCommand => ({
  id: 'c1',
  at: 0,
  actor: officer('one'),
  type: 'AskErasure',
  body: { ...asked, obstacles },
});
const approve = (id: string, obstacles = free): ErasureCommand => ({
  id: 'c2',
  at: 0,
  actor: officer(id),
  type: 'ApproveErasure',
  body: { obstacles },
});
const complete: ErasureCommand = { id: 'c3', at: 0, actor: officer('two'), type: 'CompleteErasure', body: {} };

const fact = (type: string, facts: Fact['facts']): Fact => ({ type, schema: 1, facts });
const wasAsked = fact('ErasureAsked', { ...asked, askedBy: 'one' });
const wasApproved = fact('ErasureApproved', { approvedBy: 'two' });
const erased = fact('PatientErased', { subjects });

describe('an erasure', () => {
  const given = specify(erasure);

  it('is asked for by one officer and approved by another', () => {
    given().when(ask()).then(wasAsked);
    given(wasAsked).when(approve('two')).then(wasApproved);
    given(wasAsked).when(approve('one')).thenRefused('erasure-same-officer');
  });

  it('is refused under a legal hold, also at its approval', () => {
    given()
      .when(ask({ ...free, held: true }))
      .thenRefused('erasure-legal-hold');
    given(wasAsked)
      .when(approve('two', { ...free, held: true }))
      .thenRefused('erasure-legal-hold');
  });

  it('is refused while retention runs or is not configured', () => {
    given()
      .when(ask({ ...free, retention: 'running' }))
      .thenRefused('erasure-retention-running');
    given()
      .when(ask({ ...free, retention: 'not-configured' }))
      .thenRefused('erasure-retention-not-configured');
  });

  it('is repeated where a restored log does not know of it, and only there', () => {
    const repeat: ErasureCommand = { id: 'c4', at: 0, actor: officer('x'), type: 'RepeatErasure', body: { subjects } };
    given().when(repeat).then(erased);
    given(wasAsked).when(repeat).then(erased);
    given(wasAsked, wasApproved, erased).when(repeat).then();
  });

  it('is carried out once, and only what was approved', () => {
    given(wasAsked, wasApproved).when(complete).then(erased);
    given(wasAsked, wasApproved, erased).when(complete).then();
    given(wasAsked).when(complete).thenRefused('erasure-unknown');
    given().when(approve('two')).thenRefused('erasure-unknown');
    given(wasAsked, wasApproved).when(approve('three')).thenRefused('erasure-already-approved');
  });
});

describe('a legal hold', () => {
  const given = specify(legalHold);
  const hold = (type: HoldCommand['type']): HoldCommand => ({
    id: 'c',
    at: 0,
    actor: officer('one'),
    type,
    body: { reason: 'a lawsuit' },
  });
  const facts = { reason: 'a lawsuit', by: 'one' };
  const placed = fact('HoldPlaced', facts);
  const released = fact('HoldReleased', facts);

  it('is placed once and released once', () => {
    given().when(hold('PlaceHold')).then(placed);
    given(placed).when(hold('PlaceHold')).thenRefused('hold-stands');
    given(placed).when(hold('ReleaseHold')).then(released);
    given(placed, released).when(hold('ReleaseHold')).thenRefused('hold-absent');
    given(placed, released).when(hold('PlaceHold')).then(placed);
  });
});
