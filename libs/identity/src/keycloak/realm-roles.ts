import { type Action, ACTIONS, type ActionRule, PURPOSES_OF_ROLE, RESOURCE_ACCESS } from '../permissions.ts';
import type { ResourceGroup } from '../resource-groups.ts';
import { type Role, ROLES } from '../roles.ts';
import { SERVICE_ROLE } from '../services.ts';

export interface RoleDocument {
  readonly name: string;
  /** Keycloak keeps 255 characters, as of every attribute's value. */
  readonly description: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

const DESCRIPTIONS: Readonly<Record<Role, string>> = {
  registrar: 'Registers patients and their coverage, schedules and admits them; sees no chart.',
  nurse: 'Cares for patients: charts, notes, observations, administrations.',
  physician: 'Treats patients: the whole chart, orders, prescriptions.',
  pharmacist: 'Reviews prescriptions and dispenses.',
  'lab-technician': 'Works on orders and reports their results.',
  biller: 'Codes and claims; sees diagnoses, and no notes.',
  'compliance-officer': 'Reads everything and changes nothing; trails, erasures and legal holds.',
  operator: 'Keeps the system running; meets no patient data.',
  integration: 'Another system that hands records in and out.',
};

/** The realm's roles, each with what the permission matrix says of it, for whoever assigns them to see. */
export function realmRoles(): readonly RoleDocument[] {
  return [...ROLES.map(personsRole), servicesRole()];
}

function personsRole(role: Role): RoleDocument {
  const groups = Object.entries(RESOURCE_ACCESS[role]) as [ResourceGroup, readonly string[]][];
  const that = (may: (interactions: readonly string[]) => boolean): readonly string[] =>
    groups.filter(([, interactions]) => may(interactions)).map(([group]) => group);
  return {
    name: role,
    description: DESCRIPTIONS[role],
    attributes: {
      reads: that((interactions) => interactions.includes('read')),
      creates: that((interactions) => interactions.includes('create')),
      changes: that((interactions) => interactions.includes('update')),
      deletes: that((interactions) => interactions.includes('delete')),
      actions: actionsWhere(({ who }) => typeof who !== 'string' && who.includes(role)),
      purposes: PURPOSES_OF_ROLE[role],
    },
  };
}

function servicesRole(): RoleDocument {
  return {
    name: SERVICE_ROLE,
    description: 'The record’s own processes. No person can act in it: it counts only for the services’ own accounts.',
    attributes: { actions: actionsWhere(({ who }) => who === 'services') },
  };
}

function actionsWhere(applies: (rule: ActionRule) => boolean): readonly string[] {
  return (Object.keys(ACTIONS) as Action[]).filter((action) => applies(ACTIONS[action]));
}
