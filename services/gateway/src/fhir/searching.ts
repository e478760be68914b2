import { parseSearch, type ParsedSearch, type SearchIssue, type Terminology } from '@anamnesis/fhir/search';
import { Fault } from '@anamnesis/kernel';
import type { Condition, Document, Page, Query } from '@anamnesis/read-store';
import type { AccessControl } from './access.ts';
import { refuseMoment } from './as-of.ts';
import type { FhirDependencies } from './dependencies.ts';
import { header, parameter, type FhirRequest, type FhirResponse } from './exchange.ts';
import { Includes } from './includes.ts';
import { sessionOf, type OwnWrites } from './own-writes.ts';
import { present, shapeOf } from './presentation.ts';
import { FhirProblem, problem, type Issue } from './problem.ts';
import { searchSet, type Entry } from './search-set.ts';

type Pairs = FhirRequest['query'];

const CURSOR = '_cursor';
const MODIFIES_ANSWER = new Set(['_format', '_pretty', CURSOR]);
/** Read here and not by the audit trail. */
const PAGING = new Set(['_count', '_total', '_summary', '_elements', '_sort']);
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** Search over one type (R4 search.html), confined to what the caller may see before anything is counted. */
export class Searching {
  readonly #dependencies: FhirDependencies;
  readonly #access: AccessControl;
  readonly #ownWrites: OwnWrites;
  readonly #terminology: Terminology;
  readonly #includes: Includes;

  constructor(dependencies: FhirDependencies, access: AccessControl, ownWrites: OwnWrites, terminology: Terminology) {
    this.#dependencies = dependencies;
    this.#access = access;
    this.#ownWrites = ownWrites;
    this.#terminology = terminology;
    this.#includes = new Includes(dependencies.records, access);
  }

  async search(request: FhirRequest, type: string): Promise<FhirResponse> {
    await this.#access.require(request, 'search', type);
    const pairs = this.#pairsOf(request);
    refuseMoment(pairs);
    const shape = shapeOf({ ...request, query: pairs });
    if (type === 'AuditEvent') return this.#auditEvents(request, pairs);
    const parsed = await this.#parse(request, type, pairs);
    await this.#caughtUp(request);
    const countOnly = shape.countOnly || parsed.count === 0;
    const page = await this.#page(request, type, parsed, pairs, countOnly);
    const included = countOnly ? [] : await this.#includes.of(request.caller, page.documents, parsed);
    const patients = subjectsOf([...page.documents, ...included]);
    const query = queryText(pairs);
    await this.#access.record(request, { interaction: 'search', type, patients, query, outcome: 'success' });
    const entries: Entry[] = [
      ...page.documents.map((document) => ({
        ...document,
        text: present(document.body, shape),
        mode: 'match' as const,
      })),
      ...included.map((document) => ({ ...document, text: present(document.body, shape), mode: 'include' as const })),
    ];
    const self = parsed.selfLinkParams;
    const body = searchSet({
      entries: countOnly ? [] : entries,
      ...(page.total !== undefined && { total: page.total }),
      self: link(request, type, self, cursorIn(pairs)),
      ...(page.next !== undefined && !countOnly && { next: link(request, type, self, page.next) }),
      outcome: parsed.unknown.length > 0 ? ignored(parsed.unknown.length) : undefined,
      base: request.base,
    });
    return { status: 200, headers: { 'X-Anamnesis-Position': String(page.position) }, body };
  }

  /** The documents that meet criteria, at most `limit`, as the caller may see them. */
  async documents(request: FhirRequest, type: string, criteria: Pairs, limit: number): Promise<readonly Document[]> {
    const parsed = await this.#parse(
      { ...request, headers: { ...request.headers, prefer: 'handling=strict' } },
      type,
      criteria,
    );
    const where = this.#confined(request, type, parsed.where);
    return (await this.#dependencies.records.query({ type, limit, ...(where && { where }) })).documents;
  }

  async #parse(request: FhirRequest, type: string, pairs: Pairs): Promise<ParsedSearch> {
    const { limits, clock } = this.#dependencies;
    const parsed = await parseSearch(
      type,
      pairs.filter(([name]) => name !== CURSOR),
      {
        handling: isLenient(request) ? 'lenient' : 'strict',
        now: clock(),
        ownBases: [request.base],
        terminology: this.#terminology,
        scope: (joined) => this.#access.confine(request.caller, joined),
        limits: { countDefault: limits.countDefault, countMax: limits.countMax, parameters: limits.parameters },
      },
    );
    if ('issues' in parsed) throw badQuery(parsed.issues);
    for (const joined of parsed.joinedTypes) await this.#access.require(request, 'search', joined);
    return parsed;
  }

  async #page(
    request: FhirRequest,
    type: string,
    parsed: ParsedSearch,
    pairs: Pairs,
    countOnly: boolean,
  ): Promise<Page> {
    const where = this.#confined(request, type, parsed.where);
    const cursor = cursorIn(pairs);
    const query: Query = {
      type,
      limit: countOnly ? 1 : parsed.count,
      ...(where && { where }),
      ...(parsed.sort.length > 0 && { sort: parsed.sort }),
      ...(cursor !== undefined && { after: cursor }),
      ...((countOnly || parsed.total === 'accurate' || parsed.total === 'estimate') && { total: true }),
    };
    return this.#dependencies.records.query(query);
  }

  #confined(request: FhirRequest, type: string, where: Condition | undefined): Condition | undefined {
    const scope = this.#access.confine(request.caller, type);
    if (!scope) return where;
    return where ? { all: [where, scope] } : scope;
  }

  /** Waits until the read models reflect the position asked for, and the caller's own last write. */
  async #caughtUp(request: FhirRequest): Promise<void> {
    const asked = header(request, 'x-anamnesis-min-position');
    if (asked !== undefined && !/^\d{1,16}$/.test(asked)) {
      throw problem(400, 'value', 'X-Anamnesis-Min-Position is a position such as an answer carried.');
    }
    const least = Math.max(Number(asked ?? 0), this.#ownWrites.of(sessionOf(request)));
    if (least === 0) return;
    try {
      await this.#dependencies.records.waitFor(least, this.#dependencies.limits.waitMs);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'read-model-behind') throw error;
      throw problem(504, 'timeout', 'The read models have not reached the position that the answer must reflect.');
    }
  }

  #pairsOf(request: FhirRequest): Pairs {
    if (request.method !== 'POST') return request.query;
    if (!FORM.test(header(request, 'content-type') ?? '')) {
      throw problem(415, 'not-supported', 'A search by POST is application/x-www-form-urlencoded.');
    }
    return [...request.query, ...new URLSearchParams(Buffer.from(request.body ?? []).toString('utf8'))];
  }

  /** Searching the audit trail is recorded, too; whose data the events concern stands in them. */
  async #auditEvents(request: FhirRequest, pairs: Pairs): Promise<FhirResponse> {
    const { limits, auditEvents, clock } = this.#dependencies;
    const shape = shapeOf({ ...request, query: pairs });
    const count = countOf(pairs, limits);
    const countOnly = shape.countOnly || count === 0;
    const cursor = cursorIn(pairs);
    const criteria = pairs.filter(([name]) => !PAGING.has(name) && !MODIFIES_ANSWER.has(name));
    const total = countOnly || parameter({ query: pairs }, '_total') === 'accurate';
    const page = {
      count: Math.max(count, 1),
      total,
      now: clock(),
      base: request.base,
      ...(cursor !== undefined && { cursor }),
    };
    const found = await auditEvents.search(criteria, page);
    if ('issues' in found) throw badQuery(found.issues);
    if (found.unknown.length > 0 && !isLenient(request)) {
      throw problem(400, 'not-supported', 'A search parameter is not known for AuditEvent.');
    }
    const query = queryText(pairs);
    await this.#access.record(request, {
      interaction: 'search',
      type: 'AuditEvent',
      patients: [],
      query,
      outcome: 'success',
    });
    const self = pairs.filter(([name]) => !MODIFIES_ANSWER.has(name) && !found.unknown.includes(name));
    const body = searchSet({
      entries: (countOnly ? [] : found.texts).map(({ id, text }) => ({
        type: 'AuditEvent',
        id,
        text: present(text, shape),
        mode: 'match',
      })),
      ...(found.total !== undefined && { total: found.total }),
      self: link(request, 'AuditEvent', self, cursor),
      ...(found.next !== undefined && !countOnly && { next: link(request, 'AuditEvent', self, found.next) }),
      outcome: found.unknown.length > 0 ? ignored(found.unknown.length) : undefined,
      base: request.base,
    });
    return { status: 200, body };
  }
}

/** `_count` where no index query reads it; 0 asks for the count alone. */
function countOf(pairs: Pairs, { countDefault, countMax }: { countDefault: number; countMax: number }): number {
  const stated = pairs.find(([name]) => name === '_count')?.[1];
  if (stated === undefined) return countDefault;
  if (!/^\d{1,9}$/.test(stated)) throw problem(400, 'value', '_count is a whole number.', ['http._count']);
  return Math.min(Number(stated), countMax);
}

/** R4 search.html#errors: unknown parameters are ignored, and said to be, unless the client wants to be strict. */
const isLenient = (request: FhirRequest): boolean => !/\bhandling=strict\b/.test(header(request, 'prefer') ?? '');

const cursorIn = (pairs: Pairs): string | undefined => pairs.find(([name]) => name === CURSOR)?.[1];

const queryText = (pairs: Pairs): string =>
  new URLSearchParams(pairs.map(([k, v]): [string, string] => [k, v])).toString();

function link(request: FhirRequest, type: string, pairs: Pairs, cursor: string | undefined): string {
  const all = cursor === undefined ? pairs : [...pairs, [CURSOR, cursor] as const];
  const query = queryText(all);
  return `${request.base}/${type}${query === '' ? '' : `?${query}`}`;
}

export const subjectsOf = (documents: readonly { readonly subject?: string }[]): string[] => [
  ...new Set(documents.map(({ subject }) => subject).filter((subject) => subject !== undefined)),
];

const ignored = (count: number): Issue => ({
  severity: 'warning',
  code: 'not-supported',
  diagnostics: `${count} unknown search ${count === 1 ? 'parameter was' : 'parameters were'} ignored.`,
});

const badQuery = (issues: readonly SearchIssue[]): FhirProblem =>
  new FhirProblem(
    400,
    issues.map(({ code, diagnostics, expression }) => ({
      severity: 'error',
      code,
      diagnostics,
      expression: [expression],
    })),
  );
