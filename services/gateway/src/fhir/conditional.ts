import { normalisedQuery } from '@anamnesis/fhir/search';
import type { Pending } from '@anamnesis/journal';
import { uuidOfHash } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import type { FhirDependencies } from './dependencies.ts';
import type { FhirRequest } from './exchange.ts';
import { problem } from './problem.ts';
import type { ResourceVersion } from './resource-version.ts';
import type { Resources } from './resources.ts';
import type { Searching } from './searching.ts';

type Pairs = readonly (readonly [string, string])[];

/** What a criterion found, and the write that makes it hold until the commit. */
export interface Matched {
  readonly matches: readonly ResourceVersion[];
  readonly criterion: Pending;
}

/**
 * Conditional interactions (R4 http.html#cond-update). A read model cannot keep two writers apart, so every one of
 * them appends to the criterion's own stream, at the revision read before the search: of two with identical criteria
 * one wins, and the other searches again.
 */
export class Conditional {
  readonly #dependencies: Pick<FhirDependencies, 'journal' | 'log' | 'records' | 'limits'>;
  readonly #resources: Resources;
  readonly #searching: Searching;
  readonly #access: AccessControl;

  constructor(
    dependencies: Pick<FhirDependencies, 'journal' | 'log' | 'records' | 'limits'>,
    resources: Resources,
    searching: Searching,
    access: AccessControl,
  ) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#searching = searching;
    this.#access = access;
  }

  async match(request: FhirRequest, type: string, criteria: Pairs): Promise<Matched> {
    if (criteria.length === 0) throw problem(412, 'required', 'A conditional interaction needs search criteria.');
    const { journal, log, records, limits } = this.#dependencies;
    const name = journal.keyedHash('criteria', `${type}?${normalisedQuery(type, criteria)}`);
    const stream = `criteria-${uuidOfHash(name)}`;
    const [last] = await journal.loadBackwards(stream, 1);
    await records.waitFor(await log.head(), limits.waitMs);
    const found = await this.#searching.documents(request, type, criteria, 2);
    const matches: ResourceVersion[] = [];
    for (const { id } of found) {
      // The read model proposes, the stream decides.
      const version = await this.#resources.latest(type, id);
      if (version?.text !== undefined) matches.push(version);
    }
    const patients = [...new Set(matches.map(({ subject }) => subject).filter((subject) => subject !== undefined))];
    const query = criteria.map(([key, value]) => `${key}=${value}`).join('&');
    await this.#access.record(request, { interaction: 'conditional', type, patients, query, outcome: 'success' });
    const criterion: Pending = {
      stream,
      expected: last?.revision ?? 'none',
      facts: [{ type: 'CriteriaApplied', schema: 1, facts: { resourceType: type } }],
      dataClass: 'clinical',
    };
    return { matches, criterion };
  }

  /** Exactly one match or none; several are refused (412). */
  async one(request: FhirRequest, type: string, criteria: Pairs): Promise<Matched & { match?: ResourceVersion }> {
    const matched = await this.match(request, type, criteria);
    if (matched.matches.length > 1) {
      throw problem(412, 'multiple-matches', 'The criteria match more than one resource.');
    }
    const [match] = matched.matches;
    return { ...matched, ...(match && { match }) };
  }
}

/** `a=1&b=2` as pairs; for If-None-Exist and for conditional references and entry URLs. */
export const pairsOf = (query: string): Pairs => [...new URLSearchParams(query)];
