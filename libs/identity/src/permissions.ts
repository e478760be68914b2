/**
 * The permission matrix, whole: who may do what. Default deny: what is not here is nobody's.
 *
 * Deciders still refuse what a role may do in general but not in this state (a signed note, a given dose), and
 * facility scoping narrows which patients a role sees; see `scopeOf`.
 */
import type { PurposeClass } from './purposes.ts';
import type { ResourceGroup } from './resource-groups.ts';
import type { Role } from './roles.ts';

export type Interaction = 'read' | 'vread' | 'search' | 'history' | 'create' | 'update' | 'patch' | 'delete';

type Access = readonly Interaction[];

const NONE: Access = [];
const READ: Access = ['read', 'vread', 'search', 'history'];
const CREATE: Access = ['create'];
/** Works on what others asked for: changes its state, asks for nothing new. */
const WORK: Access = [...READ, 'update', 'patch'];
const WRITE: Access = [...WORK, 'create'];
const FULL: Access = [...WRITE, 'delete'];

/** Resource group by role. Both sides are total: a new group or role does not compile without its entries. */
export const RESOURCE_ACCESS: Readonly<Record<Role, Readonly<Record<ResourceGroup, Access>>>> = {
  registrar: {
    demographics: FULL,
    scheduling: FULL,
    visits: WRITE,
    coverage: FULL,
    consents: WRITE,
    diagnoses: NONE,
    clinical: NONE,
    observations: NONE,
    notes: NONE,
    orders: NONE,
    diagnostics: NONE,
    prescriptions: NONE,
    dispenses: NONE,
    administrations: NONE,
    devices: NONE,
    billing: NONE,
    audit: NONE,
    provenance: NONE,
    research: NONE,
    unclassified: NONE,
    directory: READ,
    formulary: NONE,
    knowledge: READ,
  },
  nurse: {
    demographics: WRITE,
    scheduling: WRITE,
    visits: WRITE,
    coverage: READ,
    consents: WRITE,
    diagnoses: WRITE,
    clinical: FULL,
    observations: FULL,
    notes: FULL,
    orders: WRITE,
    diagnostics: WRITE,
    // A verbal order is written down by a nurse; it names its prescriber.
    prescriptions: WRITE,
    dispenses: READ,
    administrations: WRITE,
    devices: WRITE,
    billing: NONE,
    audit: NONE,
    provenance: WRITE,
    research: READ,
    unclassified: WRITE,
    directory: READ,
    formulary: READ,
    knowledge: READ,
  },
  physician: {
    demographics: WRITE,
    scheduling: WRITE,
    visits: WRITE,
    coverage: READ,
    consents: WRITE,
    diagnoses: FULL,
    clinical: FULL,
    observations: FULL,
    notes: FULL,
    orders: FULL,
    diagnostics: FULL,
    prescriptions: FULL,
    dispenses: READ,
    administrations: WRITE,
    devices: WRITE,
    billing: NONE,
    audit: NONE,
    provenance: WRITE,
    research: WRITE,
    unclassified: FULL,
    directory: READ,
    formulary: READ,
    knowledge: READ,
  },
  pharmacist: {
    demographics: READ,
    scheduling: NONE,
    visits: READ,
    coverage: READ,
    consents: NONE,
    diagnoses: READ,
    // Reconciles allergies and records detected issues.
    clinical: WRITE,
    observations: READ,
    notes: READ,
    orders: READ,
    diagnostics: READ,
    prescriptions: WORK,
    dispenses: FULL,
    administrations: READ,
    devices: NONE,
    billing: NONE,
    audit: NONE,
    provenance: READ,
    research: NONE,
    unclassified: NONE,
    directory: READ,
    formulary: FULL,
    knowledge: READ,
  },
  'lab-technician': {
    demographics: READ,
    scheduling: NONE,
    visits: READ,
    coverage: NONE,
    consents: NONE,
    diagnoses: NONE,
    clinical: NONE,
    observations: WRITE,
    notes: NONE,
    orders: WORK,
    diagnostics: FULL,
    prescriptions: NONE,
    dispenses: NONE,
    administrations: NONE,
    devices: WRITE,
    billing: NONE,
    audit: NONE,
    provenance: READ,
    research: NONE,
    unclassified: NONE,
    directory: READ,
    formulary: READ,
    knowledge: READ,
  },
  biller: {
    demographics: READ,
    scheduling: READ,
    visits: READ,
    coverage: FULL,
    consents: NONE,
    // What a claim is coded from.
    diagnoses: READ,
    clinical: NONE,
    observations: NONE,
    notes: NONE,
    orders: NONE,
    diagnostics: NONE,
    prescriptions: NONE,
    dispenses: NONE,
    administrations: NONE,
    devices: NONE,
    billing: FULL,
    audit: NONE,
    provenance: NONE,
    research: NONE,
    unclassified: NONE,
    directory: READ,
    formulary: NONE,
    knowledge: READ,
  },
  'compliance-officer': {
    demographics: READ,
    scheduling: READ,
    visits: READ,
    coverage: READ,
    consents: READ,
    diagnoses: READ,
    clinical: READ,
    observations: READ,
    notes: READ,
    orders: READ,
    diagnostics: READ,
    prescriptions: READ,
    dispenses: READ,
    administrations: READ,
    devices: READ,
    billing: READ,
    audit: READ,
    provenance: READ,
    research: READ,
    unclassified: READ,
    directory: READ,
    formulary: READ,
    knowledge: READ,
  },
  operator: {
    demographics: NONE,
    scheduling: NONE,
    visits: NONE,
    coverage: NONE,
    consents: NONE,
    diagnoses: NONE,
    clinical: NONE,
    observations: NONE,
    notes: NONE,
    orders: NONE,
    diagnostics: NONE,
    prescriptions: NONE,
    dispenses: NONE,
    administrations: NONE,
    devices: NONE,
    billing: NONE,
    audit: NONE,
    provenance: NONE,
    research: NONE,
    unclassified: NONE,
    directory: FULL,
    formulary: READ,
    knowledge: FULL,
  },
  integration: {
    demographics: FULL,
    scheduling: FULL,
    visits: FULL,
    coverage: FULL,
    consents: FULL,
    diagnoses: FULL,
    clinical: FULL,
    observations: FULL,
    notes: FULL,
    orders: FULL,
    diagnostics: FULL,
    prescriptions: FULL,
    dispenses: FULL,
    administrations: FULL,
    devices: FULL,
    billing: FULL,
    // Other systems hand their records in (IHE ATNA); who saw what is for officers to read.
    audit: CREATE,
    provenance: FULL,
    research: FULL,
    unclassified: FULL,
    directory: FULL,
    formulary: FULL,
    knowledge: FULL,
  },
};

/** What a role may use patient data for. Research and marketing on identified data are nobody's by role alone. */
export const PURPOSES_OF_ROLE: Readonly<Record<Role, readonly PurposeClass[]>> = {
  registrar: ['TREAT', 'HPAYMT', 'HOPERAT', 'PATRQT', 'PUBHLTH'],
  nurse: ['TREAT', 'HOPERAT', 'PATRQT', 'PUBHLTH'],
  physician: ['TREAT', 'HOPERAT', 'PATRQT', 'PUBHLTH'],
  pharmacist: ['TREAT', 'HOPERAT', 'PATRQT', 'PUBHLTH'],
  'lab-technician': ['TREAT', 'HOPERAT', 'PUBHLTH'],
  biller: ['HPAYMT', 'HOPERAT', 'PATRQT'],
  'compliance-officer': ['HOPERAT', 'PATRQT', 'PUBHLTH'],
  operator: ['HOPERAT'],
  integration: ['TREAT', 'HPAYMT', 'HOPERAT', 'PUBHLTH'],
};

export interface ActionRule {
  /**
   * Roles; or `public`: no token is asked for; `signed-in`: any role; `by-resource`: any role may reach the route,
   * whose handler asks `can` for each resource type; `services`: the record's own processes, and no person at all.
   */
  readonly who: readonly Role[] | 'public' | 'signed-in' | 'by-resource' | 'services';
  /** Whether patient data is disclosed or changed, so that the purpose of use counts. */
  readonly patientData: boolean;
}

const PUBLIC: ActionRule = { who: 'public', patientData: false };
const SIGNED_IN: ActionRule = { who: 'signed-in', patientData: false };
/** The purpose was checked where the person's request came in. */
const INTERNAL: ActionRule = { who: 'services', patientData: false };
const onPatients = (...who: readonly Role[]): ActionRule => ({ who, patientData: true });
const onSystem = (...who: readonly Role[]): ActionRule => ({ who, patientData: false });

/** Everything else that can be done, by name. */
export const ACTIONS = {
  health: PUBLIC,
  openid: PUBLIC,
  'metadata.read': PUBLIC,
  /** Static files of the web app; they hold no data. */
  web: PUBLIC,

  'caller.read': SIGNED_IN,
  /** What the front door passes on to another service, which asks the matrix itself. */
  'domain-api': SIGNED_IN,
  'resource.validate': SIGNED_IN,
  /** The FHIR endpoint: each interaction is decided by its resource type, each entry of a bundle for itself. */
  fhir: { who: 'by-resource', patientData: false },

  'patient.everything': onPatients('nurse', 'physician', 'compliance-officer', 'integration'),
  'patient.chart-as-of': onPatients('nurse', 'physician', 'compliance-officer'),
  'patient.diff': onPatients('nurse', 'physician', 'compliance-officer'),
  'patient.merge': onPatients('registrar'),
  'patient.unmerge': onPatients('registrar'),
  'emergency-access.grant': onPatients('nurse', 'physician', 'pharmacist', 'lab-technician'),
  'emergency-access.review': onPatients('compliance-officer'),

  import: onPatients('integration'),
  export: onPatients('compliance-officer', 'integration'),

  'audit.trail': onPatients('compliance-officer'),
  'audit.checkpoint': onSystem('compliance-officer', 'operator'),
  'audit.proof': onSystem('compliance-officer', 'operator'),
  'audit.log': onSystem('compliance-officer', 'operator'),

  'erasure.ask': onPatients('compliance-officer'),
  'erasure.approve': onPatients('compliance-officer'),
  'erasure.read': onPatients('compliance-officer'),
  'hold.place': onPatients('compliance-officer'),
  'hold.release': onPatients('compliance-officer'),
  'hold.read': onPatients('compliance-officer'),

  'projections.read': onSystem('compliance-officer', 'operator'),
  'projections.rebuild': onSystem('operator'),
  'relay.read': onSystem('compliance-officer', 'operator'),
  'dead-letters.read': onSystem('operator'),
  'dead-letters.replay': onSystem('operator'),
  'keys.rotate': onSystem('operator'),

  /** A context decides without committing, for the gateway's transaction. */
  'internal.decide': INTERNAL,
  'internal.read-models': INTERNAL,
  'internal.audit': INTERNAL,
} as const satisfies Readonly<Record<string, ActionRule>>;

export type Action = keyof typeof ACTIONS;

export function isAction(name: string): name is Action {
  return Object.hasOwn(ACTIONS, name);
}
