import { setImmediate } from 'node:timers/promises';
import { decodeStored } from '@anamnesis/event-store';
import type { EventOpener } from '@anamnesis/journal';
import { type EventMeta, Fault, type Instant, type Position } from '@anamnesis/kernel';
import {
  auditEvent,
  auditEventCount,
  type AuditedEvent,
  type AuditEventResource,
  type AuditSource,
  parseAuditEventId,
} from '../domain/audit-event.ts';
import { ACCESS_TYPES } from '@anamnesis/access';
import type { ActionCode, Outcome } from '../domain/audit-event-codes.ts';
import { type AuditPattern, auditPattern } from '../domain/audit-pattern.ts';
import { type TrailRow, trailRow } from '../domain/trail-row.ts';
import type { RawLog } from '../raw-log.ts';
import type { AuditIndex, Entry, TrailEntry } from '../index-db/index.ts';
import { UNINTERNED } from '../index-db/index.ts';

/** AuditEvent's search parameters, as far as an event is found by them; all given ones must hold. */
export interface AuditQuery {
  /** The patient's opaque id. */
  readonly patient?: string;
  /** The actor's opaque id. */
  readonly agent?: string;
  /** Inclusive; log time, the running maximum of recordedAt. */
  readonly dateFrom?: Instant;
  /** Inclusive. */
  readonly dateTo?: Instant;
  readonly action?: ActionCode;
  readonly outcome?: Outcome;
  /** A code of AuditEvent.type, such as `rest`. */
  readonly type?: string;
  /** A code of AuditEvent.subtype, such as `search-type`. */
  readonly subtype?: string;
  readonly role?: string;
  /** Any further condition on the resource itself (entity, altid, address, source, site, policy, agent-name). */
  readonly where?: (resource: AuditEventResource) => boolean;
  /** 1 to 1,000. */
  readonly count: number;
  /** `next` of an earlier page. */
  readonly cursor?: string;
}

export interface AuditPage {
  /** Newest first. */
  readonly resources: readonly AuditEventResource[];
  /** Present when there may be more; stable under concurrent writes. */
  readonly next?: string;
}

export interface TrailOptions {
  readonly from?: Instant;
  readonly to?: Instant;
  /** At most this many, newest first; default 1,000. */
  readonly limit?: number;
}

export interface AuditTrailParts {
  readonly index: () => AuditIndex;
  readonly log: RawLog;
  readonly opener: EventOpener;
  readonly source: AuditSource;
}

const ACCESS = new Set<string>(ACCESS_TYPES);
const MAX_COUNT = 1_000;
/** How many entries are looked at before others get a turn. */
const TURN = 5_000;

/**
 * The audit trail, served from the log itself: entries of 32 bytes say which events to look at, and AuditEvents are
 * made when they are asked for. So it is complete, needs no rebuild, and costs a write next to nothing.
 */
export class AuditTrail {
  readonly #parts: AuditTrailParts;

  constructor(parts: AuditTrailParts) {
    this.#parts = parts;
  }

  /** Throws `RangeError` for a count or a cursor that is none. */
  async searchAuditEvents(query: AuditQuery): Promise<AuditPage> {
    if (!Number.isInteger(query.count) || query.count < 1 || query.count > MAX_COUNT) {
      throw new RangeError('A count is from 1 to 1,000.');
    }
    const before = query.cursor === undefined ? undefined : parseAuditEventId(query.cursor);
    if (query.cursor !== undefined && !before) throw new RangeError('This is no cursor of the audit trail.');
    const resources: AuditEventResource[] = [];
    for await (const { event, place } of this.#matching(query, before)) {
      const resource = auditEvent(event, place, this.#parts.source);
      if (!hasSubtype(resource, query.subtype) || query.where?.(resource) === false) continue;
      if (resources.length === query.count) return { resources, next: resources.at(-1)?.id as string };
      resources.push(resource);
    }
    return { resources };
  }

  async readAuditEvent(id: string): Promise<AuditEventResource | undefined> {
    const at = parseAuditEventId(id);
    const event = at && at.position <= this.#parts.index().through ? await this.#event(at.position) : undefined;
    if (!at || !event || at.place >= auditEventCount(event)) return undefined;
    return auditEvent(event, at.place, this.#parts.source);
  }

  /** Who saw or changed this patient, newest first. */
  trail(patient: string, options: TrailOptions = {}): Promise<TrailRow[]> {
    return this.#rows({ patient }, options);
  }

  /** Everything one member of staff touched, newest first. */
  activityOf(agent: string, options: TrailOptions = {}): Promise<TrailRow[]> {
    return this.#rows({ agent }, options);
  }

  async #rows(
    of: Pick<AuditQuery, 'patient' | 'agent'>,
    { from, to, limit = MAX_COUNT }: TrailOptions,
  ): Promise<TrailRow[]> {
    const query = {
      ...of,
      count: MAX_COUNT,
      ...(from === undefined ? {} : { dateFrom: from }),
      ...(to === undefined ? {} : { dateTo: to }),
    };
    const rows: TrailRow[] = [];
    let last = 0;
    for await (const { event } of this.#matching(query)) {
      if (event.position === last) continue; // one row an event, however many patients it names
      if (rows.length === limit) break;
      last = event.position;
      rows.push(trailRow(event));
    }
    return rows;
  }

  async *#matching(query: AuditQuery, before?: TrailEntry): AsyncGenerator<{ event: AuditedEvent; place: number }> {
    const index = this.#parts.index();
    const wanted = new EntryFilter(index, query);
    let looked = 0;
    for (const candidate of candidates(index, query, before)) {
      if ((looked += 1) % TURN === 0) await setImmediate();
      if (!wanted.holds(candidate.entry)) continue;
      const event = await this.#event(candidate.position);
      if (!event || (wanted.unsure && !wanted.holdsFor(event))) continue;
      const places = candidate.place === undefined ? auditEventCount(event) : candidate.place + 1;
      for (let place = places - 1; place >= (candidate.place ?? 0); place -= 1) {
        if (before && candidate.position === before.position && place >= before.place) continue;
        yield { event, place };
      }
    }
  }

  async #event(position: Position): Promise<AuditedEvent | undefined> {
    const raw = await this.#parts.log.readRawAt(position);
    if (!raw) return undefined;
    const stored = decodeStored(raw.bytes, position);
    try {
      return await this.#parts.opener.open(stored);
    } catch (error) {
      if (!(error instanceof Fault) || error.retryable) throw error;
      // An event that does not open (altered, or of another vault) still stands in the trail, by its envelope.
      return { ...stored, meta: JSON.parse(stored.meta) as EventMeta };
    }
  }
}

interface Candidate {
  readonly position: Position;
  /** undefined: every AuditEvent of the event. */
  readonly place: number | undefined;
  readonly entry: Entry;
}

/** Newest first, within the dates, not after the cursor. */
function* candidates(index: AuditIndex, query: AuditQuery, before: TrailEntry | undefined): Generator<Candidate> {
  const first = query.dateFrom === undefined ? 0 : index.firstLeaf('clock', query.dateFrom);
  let end = query.dateTo === undefined ? index.size : index.firstLeaf('clock', query.dateTo + 1);
  if (before) end = Math.min(end, index.firstLeaf('position', before.position + 1));
  if (end <= first) return;
  if (query.patient === undefined) {
    for (let leaf = end - 1; leaf >= first; leaf -= 1) {
      const entry = index.entry(leaf);
      yield { position: entry.position, place: undefined, entry };
    }
    return;
  }
  const oldest = index.entry(first).position;
  for (const { position, place } of index.trailOf(query.patient, index.entry(end - 1).position)) {
    if (position < oldest) return;
    yield { position, place, entry: index.entry(index.firstLeaf('position', position)) };
  }
}

/** The conditions that an entry can answer without opening its event. */
class EntryFilter {
  readonly #index: AuditIndex;
  readonly #query: AuditQuery;
  readonly #actor: number | undefined;
  readonly #role: number | undefined;
  readonly #types = new Map<number, boolean>();
  /** Whether an entry's role may be one that had no number left, so that the event itself has to be asked. */
  readonly unsure: boolean;

  constructor(index: AuditIndex, query: AuditQuery) {
    this.#index = index;
    this.#query = query;
    // An unknown name is nobody's: -1 matches no entry.
    this.#actor = query.agent === undefined ? undefined : (index.nameId('actor', query.agent) ?? -1);
    this.#role = query.role === undefined ? undefined : (index.nameId('role', query.role) ?? -1);
    this.unsure = this.#role === -1;
  }

  holds({ actor, role, type }: Entry): boolean {
    if (this.#actor !== undefined && actor !== this.#actor) return false;
    if (this.#role !== undefined && role !== this.#role && role !== UNINTERNED) return false;
    let known = this.#types.get(type);
    if (known === undefined) {
      const name = this.#index.name('type', type);
      known = name === undefined || this.#fits(auditPattern(name, ACCESS.has(name)));
      this.#types.set(type, known);
    }
    return known;
  }

  holdsFor({ meta }: AuditedEvent): boolean {
    return this.#query.role === undefined || meta.actor.role === this.#query.role;
  }

  #fits(pattern: AuditPattern): boolean {
    const { action, outcome, type } = this.#query;
    return (
      (action === undefined || pattern.action === action) &&
      (outcome === undefined || pattern.outcome === outcome) &&
      (type === undefined || pattern.type.code === type)
    );
  }
}

function hasSubtype(resource: AuditEventResource, code: string | undefined): boolean {
  if (code === undefined) return true;
  return (resource['subtype'] as { code: string }[]).some((subtype) => subtype.code === code);
}
