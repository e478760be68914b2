import type { AccessEntry, AccessInteraction, AccessRecorder } from '@anamnesis/access';
import type { Access, AccessLog } from './dependencies.ts';
import type { FhirRequest } from './exchange.ts';

const INTERACTIONS: Readonly<Record<Access['interaction'], { interaction: AccessInteraction; operation?: string }>> = {
  read: { interaction: 'read' },
  vread: { interaction: 'vread' },
  history: { interaction: 'history-type' },
  search: { interaction: 'search-type' },
  conditional: { interaction: 'search-type', operation: 'conditional' },
  everything: { interaction: 'operation', operation: '$everything' },
  diff: { interaction: 'operation', operation: '$diff' },
};
const SEARCHES: ReadonlySet<Access['interaction']> = new Set(['search', 'conditional']);

/** The accesses of FHIR requests, as the audit trail keeps them. */
export function recordedAccesses(recorder: AccessRecorder): AccessLog {
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
