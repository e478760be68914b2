import type { ContextName } from '@anamnesis/contracts';
import type { SearchIssue } from '@anamnesis/fhir/search';
import type { EventReader } from '@anamnesis/event-store';
import type { EventOpener, Journal, JournalReader } from '@anamnesis/journal';
import type { Instant, Position, RecordedFact } from '@anamnesis/kernel';
import type { ReadModelReader } from '@anamnesis/read-store';
import type { Context } from '@anamnesis/records';
import type { FhirRequest } from './exchange.ts';

/** Bounds on what one request may ask; configuration, documented with their defaults. */
export interface FhirLimits {
  /** Deepest nesting of JSON. */
  readonly depth: number;
  readonly countDefault: number;
  readonly countMax: number;
  /** Search parameters of one request. */
  readonly parameters: number;
  /** Entries of one bundle. */
  readonly bundleEntries: number;
  /** How long a query waits for the position it must reflect, in milliseconds. */
  readonly waitMs: number;
}

/** What is written down of a disclosure before it is made, or of one that was refused. */
export interface Access {
  readonly interaction: 'read' | 'vread' | 'history' | 'search' | 'conditional' | 'everything' | 'diff';
  readonly type?: string;
  readonly id?: string;
  /** Opaque ids of the patients whose data is disclosed; empty for an empty search. */
  readonly patients: readonly string[];
  /** The query as it was asked; sealed in the record. */
  readonly query?: string;
  readonly outcome: 'success' | 'denied';
}

/** The record of accesses: resolves when the access is durable. */
export interface AccessLog {
  record(request: FhirRequest, access: Access): Promise<void>;
}

/** Where in the log a patient's facts are. */
export interface Timeline {
  /** The positions of every event of these subjects, ascending, up to a position that the index is made to reach. */
  positionsOf(subjects: readonly string[], upTo: Position): Promise<readonly Position[]>;
}

/** AuditEvents are not stored as resources: they are made from the access records and events they stand for. */
export interface AuditEvents {
  read(id: string): Promise<{ readonly text: string } | undefined>;
  search(
    query: readonly (readonly [string, string])[],
    page: {
      readonly count: number;
      readonly cursor?: string;
      readonly total: boolean;
      readonly now: Instant;
      readonly base: string;
    },
  ): Promise<AuditEventPage | { readonly issues: readonly SearchIssue[] }>;
}

export interface AuditEventPage {
  /** Newest first. */
  readonly texts: readonly { readonly id: string; readonly text: string }[];
  readonly next?: string;
  readonly total?: number;
  /** Parameters that were not known. */
  readonly unknown: readonly string[];
}

export type Clock = () => Instant;

/** The log's reading side, with the reads by position that charts are folded from. */
export interface Log extends EventReader {
  /** The events at these positions, in their order; positions that hold none are left out. */
  readPositions(positions: readonly Position[]): Promise<Awaited<ReturnType<EventReader['readAll']>>>;
}

/** A journal that also opens single stored events; erased ones come back as undefined. */
export interface OpeningJournal extends Journal, JournalReader, EventOpener {
  /** The stream's first fact. */
  loadFirst(stream: string): Promise<RecordedFact | undefined>;
  openStored(
    stored: Awaited<ReturnType<EventReader['readAll']>>[number],
  ): Promise<RecordedFact | undefined> | RecordedFact | undefined;
}

/** All that the FHIR interactions need of the world. */
export interface FhirDependencies {
  readonly journal: OpeningJournal;
  readonly log: Log;
  readonly contexts: Readonly<Record<ContextName, Context>>;
  readonly records: ReadModelReader;
  readonly accesses: AccessLog;
  readonly timeline: Timeline;
  readonly auditEvents: AuditEvents;
  readonly clock: Clock;
  readonly limits: FhirLimits;
}
