import type { EventReader } from '@anamnesis/event-store';
import { extractEntries, matches, parseSearch, type SearchIssue } from '@anamnesis/fhir/search';
import type { Instant, Position } from '@anamnesis/kernel';
import type { AuditTree } from '../audit-tree.ts';
import type { AuditQuery, AuditTrail } from './audit-trail.ts';

/** How long a question waits for the tree's indexes to reach the log's end, in milliseconds. */
const INDEX_WAIT_MS = 10_000;

export interface AuditEventSearch {
  readonly count: number;
  readonly cursor?: string;
  readonly total: boolean;
  readonly now: Instant;
  readonly base: string;
}

export interface AuditEventPage {
  /** Newest first. */
  readonly texts: readonly { readonly id: string; readonly text: string }[];
  readonly next?: string;
  readonly total?: number;
  /** Parameters that were not known. */
  readonly unknown: readonly string[];
}

export interface AuditQuestionsParts {
  readonly tree: AuditTree;
  readonly trail: AuditTrail;
  readonly log: Pick<EventReader, 'head'>;
  /** The opaque id that the log knows a patient by. */
  opaquePatient(id: string): string;
}

type Pairs = readonly (readonly [string, string])[];

/** What other services ask of the audit context; each answer reflects everything committed before it was asked. */
export class AuditQuestions {
  readonly #parts: AuditQuestionsParts;

  constructor(parts: AuditQuestionsParts) {
    this.#parts = parts;
  }

  opaquePatient(id: string): string {
    return this.#parts.opaquePatient(id);
  }

  /** Resolves when whatever is in the log now can be found by patient. */
  async caughtUp(): Promise<void> {
    const { tree, log } = this.#parts;
    await tree.waitFor(await log.head(), INDEX_WAIT_MS, { disclosures: true });
  }

  /** The positions of every event of these subjects, ascending, up to a position that the index is made to reach. */
  async positionsOf(subjects: readonly string[], upTo: Position): Promise<readonly Position[]> {
    const { tree } = this.#parts;
    await tree.waitFor(upTo, INDEX_WAIT_MS);
    return tree.positionsOf(subjects, upTo);
  }

  /** As the event store's reader has it, from the index: the last position whose commit time is not after `instant`. */
  async positionAt(instant: Instant): Promise<Position> {
    const { tree, log } = this.#parts;
    await tree.waitFor(await log.head(), INDEX_WAIT_MS);
    const { index } = tree;
    const leaf = index.firstLeaf('clock', instant + 1);
    return leaf === 0 ? 0 : index.entry(leaf - 1).position;
  }

  async read(id: string): Promise<{ readonly text: string } | undefined> {
    await this.caughtUp();
    const event = await this.#parts.trail.readAuditEvent(id);
    return event && { text: JSON.stringify(event) };
  }

  /** AuditEvents over the trail: what its index knows narrows the search, all else is asked of each event itself. */
  async search(
    pairs: Pairs,
    { count, cursor, total, now, base }: AuditEventSearch,
  ): Promise<AuditEventPage | { readonly issues: readonly SearchIssue[] }> {
    const parsed = await parseSearch('AuditEvent', pairs, { handling: 'lenient', now, ownBases: [base] });
    if ('issues' in parsed) return { issues: parsed.issues };
    await this.caughtUp();
    const { where } = parsed;
    const patient = this.#patientIn(pairs);
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
    const page = await this.#parts.trail.searchAuditEvents({
      ...query,
      count,
      ...(cursor !== undefined && { cursor }),
    });
    return {
      texts: page.resources.map((resource) => ({ id: resource.id, text: JSON.stringify(resource) })),
      unknown: parsed.unknown,
      ...(page.next !== undefined && { next: page.next }),
      ...(total && { total: await this.#countAll(query) }),
    };
  }

  #patientIn(pairs: Pairs): string | undefined {
    const stated = pairs.find(([name]) => name === 'patient' || name === 'patient:Patient')?.[1];
    const id = stated === undefined || stated.includes(',') ? undefined : stated.replace(/^Patient\//, '');
    return id === undefined ? undefined : this.opaquePatient(id);
  }

  async #countAll(query: Omit<AuditQuery, 'count'>): Promise<number> {
    let total = 0;
    let cursor: string | undefined;
    do {
      const asked = { ...query, count: 1_000, ...(cursor !== undefined && { cursor }) };
      const page = await this.#parts.trail.searchAuditEvents(asked);
      total += page.resources.length;
      cursor = page.next;
    } while (cursor !== undefined);
    return total;
  }
}
