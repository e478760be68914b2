import type { Position } from '@anamnesis/kernel';
import type { Json } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import { coversInstant, instantIn, momentOf } from './as-of.ts';
import { diffParameters } from './chart-diff.ts';
import { Charts } from './charts.ts';
import type { FhirDependencies } from './dependencies.ts';
import { parameter, type FhirRequest, type FhirResponse } from './exchange.ts';
import { invalidities, localReference, localReferences, parseBody, resourceIn } from './incoming.ts';
import { present, shapeOf } from './presentation.ts';
import { outcomeText, problem, type Issue } from './problem.ts';
import type { ResourceVersion } from './resource-version.ts';
import type { Resources } from './resources.ts';
import { searchSet } from './search-set.ts';

/** `Patient/{id}/$everything`, `$diff` and `$validate`. */
export class Operations {
  readonly #dependencies: FhirDependencies;
  readonly #resources: Resources;
  readonly #access: AccessControl;
  readonly #charts: Charts;

  constructor(dependencies: FhirDependencies, resources: Resources, access: AccessControl) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#access = access;
    this.#charts = new Charts(dependencies, resources);
  }

  async run(
    request: FhirRequest,
    name: string,
    type: string | undefined,
    id: string | undefined,
  ): Promise<FhirResponse> {
    if (name === '$validate') return this.#validate(request, type);
    if (type === 'Patient' && id !== undefined && request.method === 'GET') {
      if (name === '$everything') return this.#everything(request, id);
      if (name === '$diff') return this.#diff(request, id);
    }
    throw problem(404, 'not-supported', 'There is no such operation here.');
  }

  /** R4 patient-operation-everything, of today or as of a moment; `_since`, `_type` and `_count` as there. */
  async #everything(request: FhirRequest, id: string): Promise<FhirResponse> {
    await this.#access.requireAction(request, 'patient.everything', 'Patient');
    const moment = await momentOf(request, this.#dependencies);
    if (moment.upTo !== undefined || moment.effective !== undefined) {
      await this.#access.requireAction(request, 'patient.chart-as-of', 'Patient');
    }
    const upTo = moment.upTo ?? (await this.#dependencies.log.head());
    const chart = await this.#chart(request, id, upTo);
    const types = request.query.filter(([key]) => key === '_type').flatMap(([, value]) => value.split(','));
    const since = parameter(request, '_since');
    const from = since === undefined ? undefined : instantIn(since, '_since');
    const wanted = chart.filter(({ type, lastUpdated, text }) => {
      if (types.length > 0 && !types.includes(type)) return false;
      if (from !== undefined && lastUpdated < from) return false;
      if (!this.#access.allows(request.caller, 'read', type)) return false;
      if (moment.effective === undefined) return true;
      return coversInstant(type, JSON.parse(text!) as Json, lastUpdated, moment.effective);
    });
    const referred = types.length > 0 ? [] : await this.#referred(request, wanted, upTo);
    const page = pageOf(request, [...wanted, ...referred], this.#dependencies.limits.countMax);
    const patients = [...new Set(chart.map(({ subject }) => subject).filter((subject) => subject !== undefined))];
    await this.#access.record(request, {
      interaction: 'everything',
      type: 'Patient',
      id,
      patients,
      outcome: 'success',
    });
    const shape = shapeOf(request);
    const body = searchSet({
      entries: page.shown.map((version) => ({
        ...version,
        text: present(version.text!, shape),
        mode: 'match' as const,
      })),
      total: page.total,
      self: page.self,
      ...(page.next !== undefined && { next: page.next }),
      outcome: undefined,
      base: request.base,
    });
    return { status: 200, headers: { 'X-Anamnesis-Position': String(upTo) }, body };
  }

  /** What the chart refers to and is nobody's: practitioners, organisations, places, medications. */
  async #referred(request: FhirRequest, chart: readonly ResourceVersion[], upTo: Position): Promise<ResourceVersion[]> {
    const own = new Set(chart.map(({ type, id }) => `${type}/${id}`));
    const names = new Map<string, { type: string; id: string }>();
    for (const { text } of chart) {
      for (const reference of referencesIn(text!)) {
        if (own.has(reference) || names.has(reference)) continue;
        const local = localReference(reference, request.base);
        if (local) names.set(reference, local);
      }
    }
    const found: ResourceVersion[] = [];
    for (const { type, id } of names.values()) {
      if (!this.#access.allows(request.caller, 'read', type)) continue;
      const version = await this.#resources.latest(type, id, upTo);
      if (version?.text !== undefined && version.subject === undefined) found.push(version);
    }
    return found;
  }

  /** What changed in a chart between two moments, resource by resource and field by field. */
  async #diff(request: FhirRequest, id: string): Promise<FhirResponse> {
    await this.#access.requireAction(request, 'patient.diff', 'Patient');
    const [from, to] = await Promise.all(['from', 'to'].map((name) => this.#positionOf(request, name)));
    if (from! > to!) throw problem(400, 'value', 'from must not be later than to.', ['http.from']);
    const after = await this.#chart(request, id, to!);
    const before = (await this.#charts.of(id, from!)) ?? [];
    const patients = [...new Set([...after, ...before].map(({ subject }) => subject).filter((s) => s !== undefined))];
    await this.#access.record(request, { interaction: 'diff', type: 'Patient', id, patients, outcome: 'success' });
    const readable = ({ type }: ResourceVersion) => this.#access.allows(request.caller, 'read', type);
    return { status: 200, body: diffParameters(before.filter(readable), after.filter(readable)) };
  }

  async #positionOf(request: FhirRequest, name: string): Promise<Position> {
    const { log } = this.#dependencies;
    const text = parameter(request, name);
    if (text === undefined && name === 'to') return log.head();
    if (text === undefined) throw problem(400, 'required', 'from is the earlier moment of the two.', ['http.from']);
    return log.positionAt(instantIn(text, name));
  }

  async #chart(request: FhirRequest, id: string, upTo: Position): Promise<readonly ResourceVersion[]> {
    const now = await this.#resources.latest('Patient', id);
    if (now) await this.#access.requireVisible(request, now.stream.slice('patient-'.length), 'Patient');
    const chart = await this.#charts.of(id, upTo);
    if (chart) return chart;
    await this.#access.record(request, {
      interaction: 'everything',
      type: 'Patient',
      id,
      patients: [],
      outcome: 'success',
    });
    throw problem(404, 'not-found', 'There is no such patient at that moment.');
  }

  /** R4 resource-operation-validate: nothing is stored, and nothing of the record is told. */
  async #validate(request: FhirRequest, type: string | undefined): Promise<FhirResponse> {
    if (request.method !== 'POST') throw problem(405, 'not-supported', '$validate is called by POST.');
    const parsed = parseBody(request, this.#dependencies.limits.depth);
    const body = parsed.value as Json | null;
    const inner =
      body?.['resourceType'] === 'Parameters'
        ? (body['parameter'] as readonly { name?: string; resource?: Json }[] | undefined)?.find(
            ({ name }) => name === 'resource',
          )?.resource
        : body;
    if (typeof inner !== 'object' || inner === null)
      throw problem(400, 'structure', 'There is no resource to validate.');
    if (type !== undefined) resourceIn({ value: inner, exact: inner }, type);
    const issues = invalidities(inner);
    const dangling = issues.length === 0 ? await this.#dangling(request, inner) : [];
    const all = [...issues, ...dangling];
    return { status: 200, body: outcomeText(all.length > 0 ? all : [valid]) };
  }

  async #dangling(request: FhirRequest, resource: Json): Promise<Issue[]> {
    for (const { type, id } of localReferences(resource, request.base)) {
      if (!(await this.#resources.exists(type, id))) return [dangling];
    }
    return [];
  }
}

const REFERENCE = '"reference":"';

/** The literal references in a resource's canonical text, found without parsing it. */
function* referencesIn(text: string): Generator<string> {
  for (let at = text.indexOf(REFERENCE); at >= 0; at = text.indexOf(REFERENCE, at)) {
    const start = at + REFERENCE.length;
    at = text.indexOf('"', start);
    yield text.slice(start, at);
  }
}

const valid: Issue = { severity: 'information', code: 'informational', diagnostics: 'The resource is valid.' };
const dangling: Issue = {
  severity: 'error',
  code: 'not-found',
  diagnostics: 'A reference names a resource that does not exist here.',
};

/** A page of a chart: `_count` resources after `_offset`; a chart as of a moment does not move underneath. */
function pageOf(request: FhirRequest, all: readonly ResourceVersion[], max: number) {
  const count = parameter(request, '_count');
  const offset = parameter(request, '_offset') ?? '0';
  if ((count !== undefined && !/^[1-9]\d{0,8}$/.test(count)) || !/^\d{1,9}$/.test(offset)) {
    throw problem(400, 'value', '_count and _offset are whole numbers.', ['http._count']);
  }
  const start = Number(offset);
  const size = count === undefined ? all.length : Math.min(Number(count), max);
  const url = (at: number): string => {
    const pairs = request.query.filter(([key]) => key !== '_offset').map(([k, v]): [string, string] => [k, v]);
    const query = new URLSearchParams(at === 0 ? pairs : [...pairs, ['_offset', String(at)]]).toString();
    return `${request.base}/${request.path}${query === '' ? '' : `?${query}`}`;
  };
  const end = start + size;
  return {
    shown: all.slice(start, end),
    total: all.length,
    self: url(start),
    ...(end < all.length && { next: url(end) }),
  };
}
