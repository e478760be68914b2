/** Codes of AuditEvent (http://hl7.org/fhir/R4/auditevent.html) and of IHE's Basic Audit Log Patterns 1.1. */
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const BALP = 'https://profiles.ihe.net/ITI/BALP';

const dcm = (code: string, display: string): Coding => ({ system: DCM, code, display });

export const TYPES = {
  rest: {
    system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
    code: 'rest',
    display: 'Restful Operation',
  },
  export: dcm('110106', 'Export'),
  authentication: dcm('110114', 'User Authentication'),
  security: dcm('110113', 'Security Alert'),
  activity: dcm('110100', 'Application Activity'),
} as const satisfies Record<string, Coding>;

export const SUBTYPES = {
  login: dcm('110122', 'Login'),
  logout: dcm('110123', 'Logout'),
  start: dcm('110120', 'Application Start'),
  stop: dcm('110121', 'Application Stop'),
  roles: dcm('110136', 'Security Roles Changed'),
  configuration: dcm('110131', 'Security Configuration'),
  emergency: dcm('110127', 'Emergency Override Started'),
  disclose: {
    system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
    code: 'disclose',
    display: 'Disclose Record Lifecycle Event',
  },
} as const satisfies Record<string, Coding>;

export const restful = (interaction: string): Coding => ({
  system: 'http://hl7.org/fhir/restful-interaction',
  code: interaction,
  display: interaction,
});

export const AGENTS = {
  source: dcm('110153', 'Source Role ID'),
  destination: dcm('110152', 'Destination Role ID'),
  application: dcm('110150', 'Application'),
  recipient: participation('IRCP', 'information recipient'),
  author: participation('AUT', 'author (originator)'),
  custodian: participation('CST', 'custodian'),
} as const;

function participation(code: string, display: string): Coding {
  return { system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code, display };
}

const entityType = (code: string, display: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
  code,
  display,
});
const objectRole = (code: string, display: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/object-role',
  code,
  display,
});

export const ENTITY_TYPES = {
  person: entityType('1', 'Person'),
  system: entityType('2', 'System Object'),
  request: { system: `${BALP}/CodeSystem/BasicAuditEntityType`, code: 'XrequestId' },
} as const satisfies Record<string, Coding>;

export const ENTITY_ROLES = {
  patient: objectRole('1', 'Patient'),
  domain: objectRole('4', 'Domain Resource'),
  job: objectRole('20', 'Job'),
  query: objectRole('24', 'Query'),
} as const satisfies Record<string, Coding>;

export const PURPOSES = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
export const ROLES = 'https://anamnesis.example/CodeSystem/role';
export const SOURCE_TYPE: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
  code: '4',
  display: 'Application Server',
};

export const balpProfile = (name: string): string => `${BALP}/StructureDefinition/IHE.BasicAudit.${name}`;

/** AuditEvent.outcome: success, minor, serious and major failure. */
export type Outcome = '0' | '4' | '8' | '12';
/** AuditEvent.action: create, read, update, delete, execute. */
export type ActionCode = 'C' | 'R' | 'U' | 'D' | 'E';
