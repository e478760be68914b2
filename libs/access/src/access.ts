import { derivedId, type Fact, type Instant, type RecordedFact } from '@anamnesis/kernel';

/**
 * Access records: what was disclosed, denied or tried. Who did it, in which role and for what purpose stands in the
 * event's envelope; the facts are sealed under the month's audit key, because a query's text is patient data.
 */
export const ACCESS_TYPES = [
  'PatientDataRead',
  'PatientDataSearched',
  'PatientDataExported',
  'PatientDataPrinted',
  'DisclosureMade',
  'AccessDenied',
  'SignedIn',
  'SignInFailed',
  'SignedOut',
  'RolesChanged',
  'ConfigurationChanged',
  'AuditStarted',
  'AuditStopped',
] as const;

export type AccessType = (typeof ACCESS_TYPES)[number];

/** FHIR's RESTful interactions (http://hl7.org/fhir/R4/valueset-restful-interaction.html) and `count`, `match`. */
export type AccessInteraction =
  | 'read'
  | 'vread'
  | 'history-instance'
  | 'history-type'
  | 'history-system'
  | 'search-type'
  | 'search-system'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'operation';

export interface AccessFacts {
  readonly interaction?: AccessInteraction;
  /** What was read or asked for. */
  readonly resourceType?: string;
  /** The FHIR id. */
  readonly id?: string;
  readonly versionId?: string;
  /** The operation's name, such as `$everything`; or the route's pattern, outside of FHIR. */
  readonly operation?: string;
  /** The query as it was asked, without the address of the server. */
  readonly query?: string;
  /** The opaque ids of every patient whose data the answer carries (or would have), none twice. */
  readonly patients: readonly string[];
  /** The address that the request came from. */
  readonly from: string;
  /** The OpenID client. */
  readonly client?: string;
  /** The sign-in's session, where the token names one. */
  readonly session?: string;
  readonly requestId: string;
  /** Why not: a code of the permission check or of the sign-in. */
  readonly reason?: string;
  /** A sign-in's user name, of a user that exists. */
  readonly username?: string;
  /** To whom it was disclosed outside of treatment, payment and operations, and on what basis. */
  readonly recipient?: string;
  readonly basis?: string;
  /** How many resources the answer carries; a count of none is an empty search. */
  readonly results?: number;
}

export interface AccessEntry {
  readonly type: AccessType;
  readonly facts: AccessFacts;
}

export const ACCESS_SCHEMA = 1;
/** A record names at most this many patients; a larger export is several records. */
export const MAX_PATIENTS = 10_000;
/** What is longer is cut: a query is evidence, not storage. */
const MAX_QUERY = 16 * 1024;

/** The facts as they are stored; one for each `MAX_PATIENTS` patients. */
export function accessFacts({ type, facts }: AccessEntry): Fact[] {
  const patients = [...new Set(facts.patients)];
  const query = facts.query === undefined ? {} : { query: facts.query.slice(0, MAX_QUERY) };
  const parts: Fact[] = [];
  for (let from = 0; from === 0 || from < patients.length; from += MAX_PATIENTS) {
    const part = { ...facts, ...query, patients: patients.slice(from, from + MAX_PATIENTS) };
    parts.push({ type, schema: ACCESS_SCHEMA, facts: part });
  }
  return parts;
}

/**
 * The stream of a day's records (UTC), of one writer where several processes record. Its id says nothing but these.
 */
export function accessStream(at: Instant, writer?: string): string {
  const day = new Date(at).toISOString().slice(0, 10);
  return `access-${derivedId('access records of a day', writer === undefined ? day : `${day} ${writer}`)}`;
}

export const isAccessRecord = ({ stream }: Pick<RecordedFact, 'stream'>): boolean => stream.startsWith('access-');

/** The facts of a stored access record; what is not there reads as absent. */
export function readAccessFacts({ facts }: Pick<Fact, 'facts'>): AccessFacts {
  const { patients, from, requestId } = facts as Partial<AccessFacts>;
  return {
    ...(facts as Partial<AccessFacts>),
    patients: Array.isArray(patients) ? patients.filter((patient) => typeof patient === 'string') : [],
    from: from ?? '',
    requestId: requestId ?? '',
  };
}
