import { parseJson, stampMeta } from '@anamnesis/fhir/json';
import { applyPatch, type PatchProblemCode } from '@anamnesis/fhir/patch';
import { derivedId } from '@anamnesis/kernel';
import type { Json } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import type { Attempt, Batch, CommittedBatch, Committer, Written } from './committer.ts';
import { pairsOf, type Conditional } from './conditional.ts';
import { Decisions, type Wanted } from './decisions.ts';
import type { FhirDependencies } from './dependencies.ts';
import { header, type FhirRequest, type FhirResponse } from './exchange.ts';
import { parseBody, requireValid, resourceIn, versionUnder, type LocalReference, type Parsed } from './incoming.ts';
import { outcomeText, problem } from './problem.ts';
import { instantText, versionHeaders, type ResourceVersion } from './resource-version.ts';
import type { Resources } from './resources.ts';

/** create, update, patch, delete and their conditional forms (R4 http.html). */
export class Writing {
  readonly #dependencies: FhirDependencies;
  readonly #resources: Resources;
  readonly #access: AccessControl;
  readonly #committer: Committer;
  readonly #conditional: Conditional;

  constructor(
    dependencies: FhirDependencies,
    resources: Resources,
    access: AccessControl,
    committer: Committer,
    conditional: Conditional,
  ) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#access = access;
    this.#committer = committer;
    this.#conditional = conditional;
  }

  async create(request: FhirRequest, type: string): Promise<FhirResponse> {
    await this.#access.require(request, 'create', type);
    const resource = resourceIn(this.#parse(request), type);
    requireValid(resource.value);
    const criteria = header(request, 'if-none-exist');
    return this.#commit(request, async (decisions, attempt) => {
      if (criteria !== undefined) {
        const { match, criterion } = await this.#conditional.one(request, type, pairsOf(criteria));
        if (match) return decisions.note({ type, id: match.id, versionId: match.versionId, change: 'none' });
        decisions.add(criterion);
      }
      await decisions.write(created(type, resource, attempt));
    });
  }

  async update(request: FhirRequest, type: string, id: string): Promise<FhirResponse> {
    await this.#access.require(request, 'update', type);
    const resource = resourceIn(this.#parse(request), type);
    if (resource.value['id'] !== id) {
      throw problem(400, 'value', 'The id in the resource is not the id in the URL.', [`${type}.id`]);
    }
    requireValid(resource.value);
    return this.#commit(request, async (decisions) => {
      await decisions.write(put(type, id, resource, preconditions(request)));
    });
  }

  async conditionalUpdate(request: FhirRequest, type: string): Promise<FhirResponse> {
    await this.#access.require(request, 'update', type);
    const resource = resourceIn(this.#parse(request), type);
    requireValid(resource.value);
    return this.#commit(request, async (decisions, attempt) => {
      const { match, criterion } = await this.#conditional.one(request, type, request.query);
      decisions.add(criterion);
      const stated = resource.value['id'] as string | undefined;
      if (!match) return void (await decisions.write(created(type, resource, attempt, stated)));
      if (stated !== undefined && stated !== match.id) {
        throw problem(400, 'value', 'The id in the resource is not that of the one match.', [`${type}.id`]);
      }
      await decisions.write(put(type, match.id, resource, preconditions(request)));
    });
  }

  async patch(request: FhirRequest, type: string, id: string): Promise<FhirResponse> {
    await this.#access.require(request, 'update', type);
    const operations = this.#parse(request);
    return this.#commit(request, async (decisions) => {
      await decisions.write(await this.#patching(request, { type, id }, operations, preconditions(request)));
    });
  }

  async conditionalPatch(request: FhirRequest, type: string): Promise<FhirResponse> {
    await this.#access.require(request, 'update', type);
    const operations = this.#parse(request);
    return this.#commit(request, async (decisions) => {
      const { match, criterion } = await this.#conditional.one(request, type, request.query);
      if (!match) throw problem(404, 'not-found', 'The criteria match no resource.');
      decisions.add(criterion);
      await decisions.write(this.#patched(match, operations, preconditions(request)));
    });
  }

  async remove(request: FhirRequest, type: string, id: string): Promise<FhirResponse> {
    await this.#access.require(request, 'delete', type);
    const committed = await this.#committer.commit(request, async (attempt) => {
      const decisions = this.#decisions(request, attempt);
      await decisions.write({ interaction: 'delete', type, id, ...preconditions(request) });
      return decisions.settle();
    });
    return deletedAnswer(committed);
  }

  async conditionalRemove(request: FhirRequest, type: string): Promise<FhirResponse> {
    await this.#access.require(request, 'delete', type);
    const committed = await this.#committer.commit(request, async (attempt) => {
      const decisions = this.#decisions(request, attempt);
      const { match, criterion } = await this.#conditional.one(request, type, request.query);
      if (match) {
        decisions.add(criterion);
        await decisions.write({ interaction: 'delete', type, id: match.id });
      }
      return decisions.settle();
    });
    return deletedAnswer(committed);
  }

  /** The version that a JSON Patch, as it stands in a transaction, makes of what is current. */
  async patchedBy(
    request: FhirRequest,
    target: LocalReference,
    bytes: Uint8Array,
    conditions: Preconditions,
  ): Promise<Wanted> {
    const parsed = parseJson(bytes, { depth: this.#dependencies.limits.depth });
    if (parsed.problem) throw problem(400, 'structure', parsed.problem.message);
    return this.#patching(request, target, parsed, conditions);
  }

  /** What a patch makes of what is current; made again when somebody was faster and the client named no version. */
  async #patching(
    request: FhirRequest,
    target: LocalReference,
    operations: Parsed,
    conditions: Preconditions,
  ): Promise<Wanted> {
    const { type, id } = target;
    const current = await this.#resources.latest(type, id);
    if (!current) throw problem(404, 'not-found', 'There is no such resource.');
    // Before the patch is tried: its tests would tell what stands in a record that the caller may not see.
    await this.#access.requireVisible(request, current.subject, type);
    const wanted = this.#patched(current, operations, conditions);
    if (conditions.ifMatch !== undefined) return wanted;
    return { ...wanted, again: () => this.#patching(request, target, operations, conditions) };
  }

  /** The wanted version that a JSON Patch makes of a current one. */
  #patched(current: ResourceVersion, operations: Parsed, conditions: Preconditions): Wanted {
    const { type, id, text, versionId } = current;
    if (text === undefined) throw problem(410, 'deleted', 'The resource was deleted.');
    const parsed = parseJson(text);
    if (parsed.problem) throw new TypeError('a stored version is no JSON');
    const patched = applyPatch(parsed.exact, operations.exact);
    if (patched.problem) throw problem(PATCH_STATUS[patched.problem.code], 'processing', patched.problem.message);
    const again = parseJson(JSON.stringify(patched.value), { depth: this.#dependencies.limits.depth });
    if (again.problem) throw problem(422, 'structure', again.problem.message);
    const resource = { value: again.value as Json, exact: again.exact as Json };
    if (resource.value['id'] !== id || resource.value['resourceType'] !== type) {
      throw problem(422, 'business-rule', 'A patch cannot change the type or the id.');
    }
    requireValid(resource.value);
    // What the patch was made on is what it is written on.
    return put(type, id, resource, { ifMatch: versionId, ...conditions });
  }

  async #commit(
    request: FhirRequest,
    decide: (decisions: Decisions, attempt: Attempt) => Promise<void>,
  ): Promise<FhirResponse> {
    const committed = await this.#committer.commit(request, async (attempt): Promise<Batch> => {
      const decisions = this.#decisions(request, attempt);
      await decide(decisions, attempt);
      return decisions.settle();
    });
    return this.#answer(request, committed);
  }

  async #answer(request: FhirRequest, committed: CommittedBatch): Promise<FhirResponse> {
    const written = committed.written[0]!;
    const version = await this.#versionWritten(written, committed);
    const status = written.change === 'created' ? 201 : 200;
    const headers = {
      ...versionHeaders({ ...written, lastUpdated: version.lastUpdated, position: committed.position }),
      Location: `${request.base}/${written.type}/${written.id}/_history/${written.versionId}`,
    };
    const prefer = header(request, 'prefer') ?? '';
    if (/\breturn=minimal\b/.test(prefer)) return { status, headers };
    if (/\breturn=OperationOutcome\b/.test(prefer)) return { status, headers, body: outcomeText([done]) };
    return { status, headers, ...(version.text !== undefined && { body: version.text }) };
  }

  /** The version as it was committed: what was decided with the time of the commit, or what the log holds. */
  async #versionWritten(written: Written, { recordedAt }: CommittedBatch) {
    const { type, id, versionId, text } = written;
    if (text !== undefined) {
      return { lastUpdated: recordedAt, text: stampMeta(text, type, id, versionId, instantText(recordedAt)) };
    }
    const latest = await this.#resources.latest(type, id);
    if (latest?.versionId === versionId) return latest;
    const version = (await this.#resources.versions(type, id)).find((candidate) => candidate.versionId === versionId);
    return version ?? { lastUpdated: recordedAt, text: undefined };
  }

  #decisions(request: FhirRequest, attempt: Attempt): Decisions {
    return new Decisions(this.#dependencies, this.#resources, this.#access, request, attempt);
  }

  #parse(request: FhirRequest): Parsed {
    return parseBody(request, this.#dependencies.limits.depth);
  }
}

export const PATCH_STATUS: Readonly<Record<PatchProblemCode, number>> = {
  'patch-malformed': 400,
  'patch-too-large': 413,
  'patch-path-missing': 422,
  'patch-test-failed': 422,
  'patch-forbidden': 422,
  'patch-changes-identity': 422,
};

const done = { severity: 'information', code: 'informational', diagnostics: 'The resource was stored.' } as const;

interface Preconditions {
  readonly ifMatch?: string;
  readonly mustBeNew?: boolean;
}

const ETAG = /^(?:W\/)?"([A-Za-z0-9\-.]{1,64})"$/;

/** If-Match and If-None-Match of a write (R4 http.html#concurrency). */
export function preconditions(request: Pick<FhirRequest, 'headers'>): Preconditions {
  const ifMatch = request.headers['if-match'];
  const ifNoneMatch = request.headers['if-none-match'];
  const version = ifMatch === undefined ? undefined : versionIn(ifMatch);
  return { ...(version !== undefined && { ifMatch: version }), ...(ifNoneMatch === '*' && { mustBeNew: true }) };
}

/** The version that an entity tag names; throws 400 when it is none. */
export function versionIn(etag: string): string {
  const match = ETAG.exec(etag.trim());
  if (!match) throw problem(400, 'value', 'If-Match is a weak entity tag such as W/"3".');
  return match[1]!;
}

/** A resource under an id that derives from the command, so that the same command makes the same resource. */
export function created(
  type: string,
  resource: { value: Json; exact: Json },
  attempt: Attempt,
  statedId?: string,
  index = 0,
): Wanted {
  const id = statedId ?? derivedId(attempt.command, `resource ${index}`);
  return { interaction: 'put', type, id, version: versionUnder(type, id, resource), fresh: statedId === undefined };
}

function put(type: string, id: string, resource: { value: Json; exact: Json }, conditions: Preconditions): Wanted {
  return { interaction: 'put', type, id, version: versionUnder(type, id, resource), ...conditions };
}

function deletedAnswer({ position }: CommittedBatch): FhirResponse {
  return { status: 204, headers: { 'X-Anamnesis-Position': String(position) } };
}
