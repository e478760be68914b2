import { ownerOf } from '@anamnesis/contracts';
import type { AccessControl } from './access.ts';
import { instantIn } from './as-of.ts';
import type { FhirDependencies } from './dependencies.ts';
import { parameter, type FhirRequest, type FhirResponse } from './exchange.ts';
import { problem } from './problem.ts';
import { typeOfStream, versionOf, type ResourceVersion } from './resource-version.ts';
import type { Resources } from './resources.ts';
import { subjectsOf } from './searching.ts';

/** Stored events looked at in one step of a type's or the system's history. */
const STEP = 500;

/** history of an instance, a type and the system (R4 http.html#history): the streams themselves, newest first. */
export class History {
  readonly #dependencies: FhirDependencies;
  readonly #resources: Resources;
  readonly #access: AccessControl;

  constructor(dependencies: FhirDependencies, resources: Resources, access: AccessControl) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#access = access;
  }

  async of(request: FhirRequest, type: string | undefined, id: string | undefined): Promise<FhirResponse> {
    if (type !== undefined) await this.#access.require(request, 'history', type);
    const window = this.#window(request);
    const page =
      id === undefined ? await this.#sweep(request, type, window) : await this.#instance(request, type!, id, window);
    const patients = subjectsOf(page.versions);
    await this.#access.record(request, {
      interaction: 'history',
      ...(type !== undefined && { type }),
      ...(id !== undefined && { id }),
      patients,
      outcome: 'success',
    });
    return { status: 200, body: historyBundle(request, page) };
  }

  #window(request: FhirRequest): Window {
    const { limits } = this.#dependencies;
    const stated = parameter(request, '_count');
    if (stated !== undefined && !/^\d{1,9}$/.test(stated)) {
      throw problem(400, 'value', '_count is a whole number.', ['http._count']);
    }
    const cursor = parameter(request, '_cursor');
    if (cursor !== undefined && !/^\d{1,16}$/.test(cursor)) throw problem(400, 'value', 'The page link is not whole.');
    const since = parameter(request, '_since');
    const at = parameter(request, '_at');
    return {
      count: Math.max(1, Math.min(stated === undefined ? limits.countDefault : Number(stated), limits.countMax)),
      ...(cursor !== undefined && { before: Number(cursor) }),
      ...(since !== undefined && { since: instantIn(since, '_since') }),
      ...(at !== undefined && { at: instantIn(at, '_at') }),
    };
  }

  async #instance(request: FhirRequest, type: string, id: string, window: Window): Promise<HistoryPage> {
    const all = await this.#resources.versions(type, id);
    if (all.length === 0) throw problem(404, 'not-found', 'There is no such resource.');
    await this.#access.requireVisible(request, all[0]!.subject, type);
    const inWindow = all.filter((version) => within(version, window));
    const shown = inWindow.filter(({ position }) => window.before === undefined || position < window.before);
    const versions = shown.slice(0, window.count);
    const more = shown.length > versions.length;
    return { versions, total: inWindow.length, ...(more && { next: versions.at(-1)!.position }) };
  }

  /** A type's or the system's history: the log backwards, and what the caller may not see is passed over. */
  async #sweep(request: FhirRequest, type: string | undefined, window: Window): Promise<HistoryPage> {
    const { log, journal } = this.#dependencies;
    const prefixes = type === undefined ? undefined : [`${ownerOf(type)!.kind}-`];
    const versions: ResourceVersion[] = [];
    let from = window.before;
    for (;;) {
      const events = await log.readAll({
        direction: 'backwards',
        limit: STEP,
        ...(from !== undefined && { from }),
        ...(prefixes && { prefixes }),
      });
      for (const stored of events) {
        if (window.since !== undefined && stored.recordedAt < window.since) return { versions };
        const found = typeOfStream(stored.stream);
        if (found === undefined || (type !== undefined && found !== type)) continue;
        if (!this.#access.allows(request.caller, 'history', found)) continue;
        const fact = await journal.openStored(stored);
        const version = fact && versionOf(fact);
        if (!version || !within(version, window) || !(await this.#access.sees(request.caller, version.subject)))
          continue;
        versions.push(version);
        if (versions.length === window.count) return { versions, next: version.position };
      }
      if (events.length < STEP) return { versions };
      from = events.at(-1)!.position;
    }
  }
}

interface Window {
  readonly count: number;
  readonly before?: number;
  readonly since?: number;
  readonly at?: number;
}

interface HistoryPage {
  readonly versions: readonly ResourceVersion[];
  readonly total?: number;
  readonly next?: number;
}

const within = ({ lastUpdated }: ResourceVersion, { since, at }: Window): boolean =>
  (since === undefined || lastUpdated >= since) && (at === undefined || lastUpdated <= at);

function historyBundle(request: FhirRequest, { versions, total, next }: HistoryPage): string {
  const pairs = request.query.filter(([name]) => name !== '_cursor').map(([k, v]): [string, string] => [k, v]);
  const url = (cursor?: number): string => {
    const query = new URLSearchParams(
      cursor === undefined ? pairs : [...pairs, ['_cursor', String(cursor)]],
    ).toString();
    return `${request.base}/${request.path}${query === '' ? '' : `?${query}`}`;
  };
  const links = [
    { relation: 'self', url: url() },
    ...(next === undefined ? [] : [{ relation: 'next', url: url(next) }]),
  ];
  const entries = versions.map((version) => entryOf(version, request.base));
  return (
    `{"resourceType":"Bundle","type":"history"${total === undefined ? '' : `,"total":${total}`}` +
    `,"link":${JSON.stringify(links)}${entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`}}`
  );
}

function entryOf({ type, id, versionId, lastUpdated, text }: ResourceVersion, base: string): string {
  const method = text === undefined ? 'DELETE' : versionId === '1' ? 'POST' : 'PUT';
  const status = text === undefined ? '204' : versionId === '1' ? '201' : '200';
  const entry = {
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status, etag: `W/"${versionId}"`, lastModified: new Date(lastUpdated).toISOString() },
  };
  const head = `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)}`;
  return `${head}${text === undefined ? '' : `,"resource":${text}`},${JSON.stringify(entry).slice(1)}`;
}
