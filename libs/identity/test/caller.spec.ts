import { describe, expect, it } from '@jest/globals';
import {
  actorOf,
  type Caller,
  callerOf,
  requestCaller,
  type Role,
  ROLES,
  scopeOf,
  type TokenIdentity,
} from '../src/index.ts';

const identity: TokenIdentity = {
  subject: 's-1',
  roles: ['nurse', 'compliance-officer'],
  facilities: ['F1', 'F2'],
  clientId: 'anamnesis-web',
  expiresAt: 0,
};

function caller(headers: Record<string, string>, more: Partial<TokenIdentity> = {}): Caller {
  const found = callerOf({ ...identity, ...more }, headers);
  if ('refused' in found) throw new Error(found.refused.code);
  return found;
}

function refusal(headers: Record<string, string>, more: Partial<TokenIdentity> = {}): [number, string] | undefined {
  const found = callerOf({ ...identity, ...more }, headers);
  return 'refused' in found ? [found.refused.status, found.refused.code] : undefined;
}

describe('the caller of a request', () => {
  it('acts in the first of its roles and facilities, for the role’s purpose', () => {
    expect(caller({})).toMatchObject({ role: 'nurse', facility: 'F1', purpose: 'TREAT' });
  });

  it('chooses by headers among what it holds', () => {
    const headers = { 'x-role': 'compliance-officer', 'x-facility': 'F2', 'x-purpose-of-use': 'HCOMPL' };
    expect(caller(headers)).toMatchObject({ role: 'compliance-officer', facility: 'F2', purpose: 'HCOMPL' });
  });

  it('cannot choose what it does not hold', () => {
    expect(refusal({ 'x-role': 'physician' })).toEqual([403, 'role-not-held']);
    expect(refusal({ 'x-facility': 'F3' })).toEqual([403, 'facility-not-held']);
    expect(refusal({ 'x-facility': '' })).toEqual([403, 'facility-not-held']);
    expect(refusal({}, { roles: [] })).toEqual([403, 'no-role']);
  });

  it.each(['treat', 'TREAT, HRESCH', '', 'PurposeOfUse', 'constructor'])(
    'cannot act for the purpose “%s”',
    (purpose) => {
      expect(refusal({ 'x-purpose-of-use': purpose })).toEqual([400, 'unknown-purpose']);
    },
  );

  it('may hold no facility', () => {
    expect(caller({}, { facilities: [] })).not.toHaveProperty('facility');
    expect(refusal({ 'x-facility': 'F1' }, { facilities: [] })).toEqual([403, 'facility-not-held']);
  });

  it('stands in events as an actor, without name or client', () => {
    expect(actorOf(caller({}, { username: 'nurse' }))).toEqual({
      id: 's-1',
      role: 'nurse',
      purpose: 'TREAT',
      facility: 'F1',
    });
    expect(actorOf(caller({}, { facilities: [] }))).toEqual({ id: 's-1', role: 'nurse', purpose: 'TREAT' });
  });
});

describe('the caller on a request', () => {
  it('is the one the guard put there, and nobody on a public route', () => {
    const there = caller({});
    expect(requestCaller({ caller: there })).toBe(there);
    expect(() => requestCaller({ caller: undefined })).toThrow('without a caller');
  });
});

describe('the scope of a caller', () => {
  const network: readonly Role[] = ['compliance-officer', 'integration'];

  it.each(ROLES)('who is a %s', (role) => {
    const scope = scopeOf({ role, facilities: ['F1', 'F2'] });
    expect(scope).toEqual(network.includes(role) ? { all: true } : { facilities: ['F1', 'F2'] });
  });

  it('without facilities is nobody', () => {
    expect(scopeOf({ role: 'physician', facilities: [] })).toEqual({ facilities: [] });
  });
});
