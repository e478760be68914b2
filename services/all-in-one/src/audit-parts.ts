import {
  auditModule,
  IdentityRecords,
  type Audit,
  type AccessEntry,
  type AccessInteraction,
  type AuditQuery,
} from '@anamnesis/audit-service';
import type { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { extractEntries, matches, parseSearch } from '@anamnesis/fhir/search';
import type { Access, AccessLog, AuditEvents, FhirRequest, Timeline } from '@anamnesis/gateway-service';
import { newId, type Instant } from '@anamnesis/kernel';
import { opaqueId } from '@anamnesis/records';
import type { OpeningSealedJournal } from './storage.ts';

/** How long a chart waits for the audit thread's index to reach its position, in milliseconds. */
const INDEX_WAIT_MS = 10_000;

/** The audit context in the forms in which the other services ask for it. */
export function auditParts({ audit, store, journal }: AuditPartsOptions) {
  const { tree, recorder, trail } = audit;
  const identity = new IdentityRecords(recorder);
  const timeline: Timeline = {
    positionsOf: async (subjects, upTo) => {
      await tree.waitFor(upTo, INDEX_WAIT_MS);
      return tree.positionsOf(subjects, upTo);
    },
  };
  return {
    identity,
    timeline,
    accesses: accessLog(audit),
    auditEvents: auditEvents(audit, store, journal),
    module: auditModule({
      tree,
      trail,
      recorder,
      access: {
        caughtUp: async () => tree.waitFor(await store.head(), INDEX_WAIT_MS, { disclosures: true }),
        opaquePatient: (id) => opaqueId('Patient', id, journal.keyedHash.bind(journal)),
      },
    }),
    /** The audit trail says when it began and ended (DICOM PS3.15 A.5.1.1: audit start and stop). */
    started: () => lifecycle(audit, 'AuditStarted'),
    stopped: () => lifecycle(audit, 'AuditStopped'),
    /** When the last event of these subjects was recorded. */
    lastRecordedAt: async (subjects: readonly string[]): Promise<Instant | undefined> => {
      const last = (await timeline.positionsOf(subjects, await store.head())).at(-1);
      return last === undefined ? undefined : (await store.readPositions([last]))[0]?.recordedAt;
    },
  };
}

const SYSTEM = { id: 'system', role: 'operator', purpose: 'HOPERAT' } as const;

function lifecycle({ recorder }: Audit, type: 'AuditStarted' | 'AuditStopped'): Promise<void> {
  const requestId = newId();
  return recorder.record(
    { actor: SYSTEM, correlation: requestId },
    { type, facts: { patients: [], from: '', requestId } },
  );
}

interface AuditPartsOptions {
  readonly audit: Audit;
  readonly store: EmbeddedEventStore;
  readonly journal: OpeningSealedJournal;
}

const INTERACTIONS: Readonly<Record<Access['interaction'], { interaction: AccessInteraction; operation?: string }>> = {
  read: { interaction: 'read' },
  vread: { interaction: 'vread' },
  history: { interaction: 'history-type' },
  search: { interaction: 'search-type' },
  conditional: { interaction: 'search-type', operation: 'conditional' },
  everything: { interaction: 'operation', operation: '$everything' },
  diff: { interaction: 'operation', operation: '$diff' },
  export: { interaction: 'operation', operation: '$export' },
  validate: { interaction: 'operation', operation: '$validate' },
  create: { interaction: 'create' },
  update: { interaction: 'update' },
  delete: { interaction: 'delete' },
};
const SEARCHES: ReadonlySet<Access['interaction']> = new Set(['search', 'conditional']);

function accessLog({ recorder }: Pick<Audit, 'recorder'>): AccessLog {
  return {
    record: (request, access) => {
      const { actor, requestId: correlation, traceparent } = request;
      const context = { actor, correlation, ...(traceparent !== undefined && { traceparent }) };
      return recorder.record(context, entryOf(request, access));
    },
  };
}

function entryOf(request: FhirRequest, access: Access): AccessEntry {
  const { type, id, patients, query, outcome } = access;
  const { caller, requestId, source } = request;
  const named = INTERACTIONS[access.interaction];
  const interaction = access.interaction === 'history' && id !== undefined ? 'history-instance' : named.interaction;
  const disclosed = SEARCHES.has(access.interaction) ? 'PatientDataSearched' : 'PatientDataRead';
  return {
    type: outcome === 'denied' ? 'AccessDenied' : disclosed,
    facts: {
      ...named,
      interaction,
      patients,
      from: source ?? '',
      client: caller.clientId,
      requestId,
      ...(type !== undefined && { resourceType: type }),
      ...(id !== undefined && { id }),
      ...(query !== undefined && { query }),
      ...(caller.sessionId !== undefined && { session: caller.sessionId }),
      ...(outcome === 'denied' && { reason: 'not-allowed' }),
    },
  };
}

type Pairs = FhirRequest['query'];

/** AuditEvents over the trail: what its index knows narrows the search, all else is asked of each event itself. */
function auditEvents({ tree, trail }: Audit, store: EmbeddedEventStore, journal: OpeningSealedJournal): AuditEvents {
  const caughtUp = async (): Promise<void> => tree.waitFor(await store.head(), INDEX_WAIT_MS, { disclosures: true });
  const patientIn = (pairs: Pairs): string | undefined => {
    const stated = pairs.find(([name]) => name === 'patient' || name === 'patient:Patient')?.[1];
    const id = stated === undefined || stated.includes(',') ? undefined : stated.replace(/^Patient\//, '');
    return id === undefined ? undefined : opaqueId('Patient', id, journal.keyedHash.bind(journal));
  };
  return {
    read: async (id) => {
      await caughtUp();
      const event = await trail.readAuditEvent(id);
      return event && { text: JSON.stringify(event) };
    },
    search: async (pairs, { count, cursor, total, now, base }) => {
      const parsed = await parseSearch('AuditEvent', pairs, { handling: 'lenient', now, ownBases: [base] });
      if ('issues' in parsed) return { issues: parsed.issues };
      await caughtUp();
      const { where } = parsed;
      const patient = patientIn(pairs);
      const query: Omit<AuditQuery, 'count'> = {
        ...(patient !== undefined && { patient }),
        ...(where && {
          where: (resource) =>
            matches(where, {
              type: 'AuditEvent',
              id: resource.id,
              lastUpdated: Date.parse(String(resource['recorded'])),
              entries: extractEntries('AuditEvent', resource),
            }),
        }),
      };
      const page = await trail.searchAuditEvents({ ...query, count, ...(cursor !== undefined && { cursor }) });
      return {
        texts: page.resources.map((resource) => ({ id: resource.id, text: JSON.stringify(resource) })),
        unknown: parsed.unknown,
        ...(page.next !== undefined && { next: page.next }),
        ...(total && { total: await countAll(trail, query) }),
      };
    },
  };
}

async function countAll(trail: Audit['trail'], query: Omit<AuditQuery, 'count'>): Promise<number> {
  let total = 0;
  let cursor: string | undefined;
  do {
    const page = await trail.searchAuditEvents({ ...query, count: 1_000, ...(cursor !== undefined && { cursor }) });
    total += page.resources.length;
    cursor = page.next;
  } while (cursor !== undefined);
  return total;
}
