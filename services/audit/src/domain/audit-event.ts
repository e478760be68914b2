import type { Actor, EventMeta, Instant, Position } from '@anamnesis/kernel';
import { type AccessFacts, isAccessRecord, readAccessFacts } from '@anamnesis/access';
import {
  AGENTS,
  balpProfile,
  type Coding,
  ENTITY_ROLES,
  ENTITY_TYPES,
  PURPOSES,
  ROLES,
  SOURCE_TYPE,
} from './audit-event-codes.ts';
import { type AuditPattern, interactionSubtype, patternOf } from './audit-pattern.ts';

/** An event of the log, opened; without facts when its key was destroyed. */
export interface AuditedEvent {
  readonly position: Position;
  readonly type: string;
  readonly stream: string;
  readonly recordedAt: Instant;
  readonly meta: EventMeta;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** The system that records: how it names itself in AuditEvent.source and as the server's agent. */
export interface AuditSource {
  /** A display name of the installation, such as its host. */
  readonly site: string;
  /** A URI that identifies the system. */
  readonly observer: string;
}

export interface AuditEventResource {
  readonly resourceType: 'AuditEvent';
  readonly id: string;
  readonly [element: string]: unknown;
}

/** How many AuditEvents an event has: one for each patient disclosed, at least one. */
export function auditEventCount(event: AuditedEvent): number {
  return event.facts === undefined || !isAccessRecord(event)
    ? 1
    : Math.max(1, readAccessFacts(event as Opened).patients.length);
}

/** `<position>.<place>`: it leads back to the event, which no hash would without an index of its own. */
export const auditEventId = (position: Position, place: number): string => `${position}.${place}`;

/** Where an AuditEvent's id leads; undefined when it is none. */
export function parseAuditEventId(id: string): { readonly position: Position; readonly place: number } | undefined {
  const parts = /^([1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,4})$/.exec(id);
  return parts ? { position: Number(parts[1]), place: Number(parts[2]) } : undefined;
}

type Opened = AuditedEvent & { readonly facts: Readonly<Record<string, unknown>> };

/**
 * The AuditEvent for the `place`-th patient of an event, by the Basic Audit Log Patterns. Every event has one: an
 * access record says what was read, any other event is itself the record of a change. Where the facts cannot be
 * opened any more, it says what the envelope says.
 */
export function auditEvent(event: AuditedEvent, place: number, source: AuditSource): AuditEventResource {
  const pattern = patternOf(event);
  const subject = event.meta.subject;
  const access = isAccessRecord(event) && event.facts ? readAccessFacts(event as Opened) : undefined;
  const patient = access ? access.patients[place] : subject;
  const recorded = new Date(event.recordedAt).toISOString();
  const profile = pattern.profile && profileName(pattern.profile, patient !== undefined);
  return {
    resourceType: 'AuditEvent',
    id: auditEventId(event.position, place),
    meta: { versionId: '1', lastUpdated: recorded, ...(profile ? { profile: [balpProfile(profile)] } : {}) },
    type: pattern.type,
    subtype: subtypes(pattern, access),
    action: pattern.action,
    recorded,
    outcome: pattern.outcome,
    ...(access?.reason === undefined ? {} : { outcomeDesc: access.reason }),
    purposeOfEvent: [{ coding: [purpose(event.meta.actor)] }],
    agent: agents(pattern, event.meta, access, source),
    source: { site: source.site, observer: deviceOf(source), type: [SOURCE_TYPE] },
    entity: entities(event, access, patient),
  };
}

function profileName(profile: NonNullable<AuditPattern['profile']>, ofPatient: boolean): string {
  if (profile === 'Disclosure') return 'PrivacyDisclosure.Source';
  return ofPatient ? `Patient${profile}` : profile;
}

function subtypes(pattern: AuditPattern, access: AccessFacts | undefined): Coding[] {
  if (pattern.type.code !== 'rest') return [...pattern.subtypes];
  return [...interactionSubtype(pattern.action, access?.interaction), ...pattern.subtypes];
}

/** Client, server and user. A read's data flows from the server to the client, everything else the other way. */
function agents(
  pattern: AuditPattern,
  meta: EventMeta,
  access: AccessFacts | undefined,
  source: AuditSource,
): object[] {
  const outwards = pattern.profile === 'Read' || pattern.type.code === '110106';
  const client = {
    type: codeable(outwards ? AGENTS.destination : AGENTS.source),
    who: { display: access?.recipient ?? access?.client ?? 'client' },
    requestor: false,
    network: { address: access?.from ?? 'unknown', type: networkType(access?.from) },
  };
  const server = {
    type: codeable(outwards ? AGENTS.source : AGENTS.destination),
    who: deviceOf(source),
    requestor: false,
    network: { address: source.observer, type: '5' },
  };
  return [client, server, userAgent(pattern, meta.actor, access)];
}

function userAgent(pattern: AuditPattern, actor: Actor, access: AccessFacts | undefined): object {
  const type = { C: AGENTS.author, U: AGENTS.author, D: AGENTS.custodian, R: AGENTS.recipient, E: AGENTS.recipient }[
    pattern.action
  ];
  return {
    type: codeable(type),
    role: [{ coding: [{ system: ROLES, code: actor.role }] }],
    who: { identifier: { value: actor.id } },
    ...(access?.username === undefined ? {} : { altId: access.username }),
    requestor: true,
    ...(actor.facility === undefined ? {} : { location: { reference: `Location/${actor.facility}` } }),
    purposeOfUse: [{ coding: [purpose(actor)] }],
  };
}

function entities(event: AuditedEvent, access: AccessFacts | undefined, patient: string | undefined): object[] {
  const requestId = access?.requestId ?? event.meta.correlation;
  const found: object[] = [{ what: { identifier: { value: requestId } }, type: ENTITY_TYPES.request }];
  if (access?.query !== undefined) {
    const query = Buffer.from(access.query).toString('base64');
    found.push({ type: ENTITY_TYPES.system, role: ENTITY_ROLES.query, query });
  } else {
    const what = dataReference(event, access);
    if (what) found.push({ what, type: ENTITY_TYPES.system, role: ENTITY_ROLES.domain });
    else if (access?.operation !== undefined) {
      found.push({ type: ENTITY_TYPES.system, role: ENTITY_ROLES.job, name: access.operation });
    }
  }
  if (patient !== undefined) {
    found.push({ what: { reference: `Patient/${patient}` }, type: ENTITY_TYPES.person, role: ENTITY_ROLES.patient });
  }
  return found;
}

/** What was read or changed: the resource's version where the facts name it, else the stream. */
function dataReference(event: AuditedEvent, access: AccessFacts | undefined): object | undefined {
  const { resourceType, id, versionId } = (access ?? event.facts ?? {}) as Partial<AccessFacts>;
  if (typeof resourceType === 'string' && typeof id === 'string') {
    const version = typeof versionId === 'string' ? `/_history/${versionId}` : '';
    return { reference: `${resourceType}/${id}${version}` };
  }
  return isAccessRecord(event) ? undefined : { identifier: { value: event.stream } };
}

const purpose = ({ purpose }: Actor): Coding => ({ system: PURPOSES, code: purpose });
const codeable = (coding: Coding): object => ({ coding: [coding] });
const deviceOf = ({ site, observer }: AuditSource): object => ({
  identifier: { system: 'urn:ietf:rfc:3986', value: observer },
  display: site,
});
/** AuditEvent.agent.network.type: 1 a machine's name, 2 an IP address. */
const networkType = (address: string | undefined): string =>
  address !== undefined && /^[0-9a-f.:]+$/i.test(address) ? '2' : '1';
