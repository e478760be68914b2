import { setImmediate } from 'node:timers/promises';
import { forEachReference, rewriteLinks } from '@anamnesis/fhir';
import { derivedId } from '@anamnesis/kernel';
import type { Json } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import { at, placed, type BundleEntry } from './bundle-entry.ts';
import { requestOf, responseEntry, patchIn } from './bundle-exchange.ts';
import type { Attempt, Batch, CommittedBatch, Committer, Written } from './committer.ts';
import { pairsOf, type Conditional } from './conditional.ts';
import { Decisions, type Wanted } from './decisions.ts';
import type { FhirDependencies } from './dependencies.ts';
import { header, type FhirRequest, type FhirResponse } from './exchange.ts';
import { invalidities, versionUnder } from './incoming.ts';
import { FhirProblem, problem, type Issue } from './problem.ts';
import type { Resources } from './resources.ts';
import { versionIn, type Writing } from './writing.ts';

/** R4 http.html#trules: deletions, then creations, then updates and patches; reads come after the commit. */
const ORDER: Readonly<Record<string, number>> = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2 };

/** Entries that are worked on before others get the thread again. */
const SLICE = 50;

/** What an entry's request became: whom it writes to, and under which id. */
interface Target {
  readonly type: string;
  readonly id: string;
  readonly made: boolean;
  /** A conditional create that found its resource there already. */
  readonly stands?: string;
}

type Handle = (request: FhirRequest) => Promise<FhirResponse>;

/** A transaction: every entry is decided on top of those before it, and all is one append. */
export class Transaction {
  readonly #dependencies: FhirDependencies;
  readonly #resources: Resources;
  readonly #access: AccessControl;
  readonly #committer: Committer;
  readonly #conditional: Conditional;
  readonly #writing: Writing;

  constructor(
    dependencies: FhirDependencies,
    resources: Resources,
    access: AccessControl,
    committer: Committer,
    conditional: Conditional,
    writing: Writing,
  ) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#access = access;
    this.#committer = committer;
    this.#conditional = conditional;
    this.#writing = writing;
  }

  async run(request: FhirRequest, parse: () => readonly BundleEntry[], handle: Handle): Promise<FhirResponse> {
    const entries = parse();
    const ordered = inOrder(entries);
    for (const entry of ordered) await this.#permitted(request, entry);
    await requireAllValid(ordered);
    const committed = await this.#committer.commit(request, (attempt) =>
      // References are resolved in place, so another attempt starts from what was sent.
      this.#decide(request, attempt.number === 0 ? ordered : inOrder(parse()), attempt),
    );
    const answers: string[] = [];
    for (const [order, entry] of ordered.entries()) {
      answers[entry.index] = await this.#written(request, committed.written[order]!, committed);
    }
    for (const entry of entries) {
      if (entry.method in ORDER) continue;
      answers[entry.index] = responseEntry(await handle(requestOf(request, entry)));
    }
    return {
      status: 200,
      headers: { 'X-Anamnesis-Position': String(committed.position) },
      body: `{"resourceType":"Bundle","type":"transaction-response","entry":[${answers.join(',')}]}`,
    };
  }

  async #permitted(request: FhirRequest, { interaction, index }: BundleEntry): Promise<void> {
    switch (interaction.kind) {
      case 'create':
        return this.#access.require(request, 'create', interaction.type);
      case 'delete':
      case 'conditional-delete':
        return this.#access.require(request, 'delete', interaction.type);
      case 'update':
      case 'patch':
      case 'conditional-update':
      case 'conditional-patch':
        return this.#access.require(request, 'update', interaction.type);
      default:
        throw problem(400, 'not-supported', 'A transaction takes create, update, patch, delete and reads.', [
          at(index),
        ]);
    }
  }

  async #decide(request: FhirRequest, ordered: readonly BundleEntry[], attempt: Attempt): Promise<Batch> {
    const decisions = new Decisions(this.#dependencies, this.#resources, this.#access, request, attempt);
    const targets = new Map<BundleEntry, Target>();
    for (const entry of ordered) targets.set(entry, await this.#target(request, entry, attempt, decisions));
    const names = namesOf(targets, decisions);
    await this.#conditionalReferences(request, ordered, names);
    for (const [done, entry] of ordered.entries()) {
      if (done % SLICE === SLICE - 1) await setImmediate();
      try {
        await this.#write(request, entry, targets.get(entry)!, names, decisions);
      } catch (error) {
        throw placed(entry.index, error);
      }
    }
    return decisions.settle();
  }

  /** Under which id an entry writes; criteria are matched here, before anything is written. */
  async #target(request: FhirRequest, entry: BundleEntry, attempt: Attempt, decisions: Decisions): Promise<Target> {
    const { interaction, index, query, headers } = entry;
    const fresh = derivedId(attempt.command, `resource ${index}`);
    switch (interaction.kind) {
      case 'create': {
        const { type } = interaction;
        const criteria = headers['if-none-exist'];
        if (criteria === undefined) return { type, id: fresh, made: true };
        const { match, criterion } = await this.#conditional.one(request, type, pairsOf(criteria));
        if (match) return { type, id: match.id, made: false, stands: match.versionId };
        decisions.add(criterion);
        return { type, id: fresh, made: true };
      }
      case 'conditional-update':
      case 'conditional-patch':
      case 'conditional-delete': {
        const { type } = interaction;
        const { match, criterion } = await this.#conditional.one(request, type, query);
        decisions.add(criterion);
        return match
          ? { type, id: match.id, made: false }
          : { type, id: fresh, made: interaction.kind === 'conditional-update' };
      }
      default: {
        const { type, id } = interaction as { type: string; id: string };
        return { type, id, made: false };
      }
    }
  }

  /** `Practitioner?identifier=...` in a reference becomes the one resource that matches (R4 http.html#trules). */
  async #conditionalReferences(
    request: FhirRequest,
    ordered: readonly BundleEntry[],
    names: Map<string, string>,
  ): Promise<void> {
    const open = new Set<string>();
    for (const { resource } of ordered) {
      if (!resource) continue;
      forEachReference(resource.value, ({ value: reference }) => {
        if (/^[A-Z][A-Za-z]+\?./.test(reference) && !names.has(reference)) open.add(reference);
      });
    }
    for (const reference of open) {
      const [type, query] = [reference.slice(0, reference.indexOf('?')), reference.slice(reference.indexOf('?') + 1)];
      const { match } = await this.#conditional.one(request, type, pairsOf(query));
      if (!match) throw problem(422, 'not-found', 'A conditional reference matches no resource.');
      names.set(reference, `${match.type}/${match.id}`);
    }
  }

  async #write(
    request: FhirRequest,
    entry: BundleEntry,
    target: Target,
    names: ReadonlyMap<string, string>,
    decisions: Decisions,
  ): Promise<void> {
    const { type, id } = target;
    const located = (error: unknown): unknown => placed(entry.index, error);
    if (target.stands !== undefined) {
      return decisions.note({ type, id, versionId: target.stands, change: 'none' });
    }
    const ifMatch = entry.headers['if-match'];
    const conditions = ifMatch === undefined ? {} : { ifMatch: versionIn(ifMatch) };
    if (entry.method === 'DELETE') {
      if (target.made || entry.interaction.kind === 'conditional-delete') {
        const exists = await this.#resources.exists(type, id);
        if (!exists) return decisions.note({ type, id, versionId: '0', change: 'none' });
      }
      return decisions.write({ interaction: 'delete', type, id, ...conditions }, located);
    }
    if (entry.method === 'PATCH') {
      const patched = await this.#writing.patchedBy(request, { type, id }, patchIn(entry.resource!.value), conditions);
      return decisions.write(patched, located);
    }
    const resource = entry.resource!;
    rename(resource, names);
    const wanted: Wanted = {
      interaction: 'put',
      type,
      id,
      version: versionUnder(type, id, resource),
      fresh: target.made,
      ...conditions,
      ...(entry.headers['if-none-match'] === '*' && { mustBeNew: true }),
    };
    await decisions.write(wanted, located);
  }

  async #written(request: FhirRequest, written: Written, committed: CommittedBatch): Promise<string> {
    const { type, id, versionId, change } = written;
    if (change === 'deleted' || versionId === '0') return responseEntry({ status: 204 });
    const status = change === 'created' ? 201 : 200;
    const headers = {
      Location: `${request.base}/${type}/${id}/_history/${versionId}`,
      ETag: `W/"${versionId}"`,
      'Last-Modified': new Date(committed.recordedAt).toUTCString(),
    };
    if (!/\breturn=representation\b/.test(header(request, 'prefer') ?? '')) return responseEntry({ status, headers });
    const version = await this.#resources.latest(type, id);
    return responseEntry({ status, headers, ...(version?.text !== undefined && { body: version.text }) });
  }
}

/** The entries that write, in the order in which R4 wants them processed. */
function inOrder(entries: readonly BundleEntry[]): BundleEntry[] {
  const writes = entries.filter(({ method }) => method in ORDER);
  return writes.toSorted((a, b) => ORDER[a.method]! - ORDER[b.method]! || a.index - b.index);
}

/** What the entries' URLs stand for, so that references among them resolve, circular ones too. */
function namesOf(targets: ReadonlyMap<BundleEntry, Target>, decisions: Decisions): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [{ fullUrl, index, method }, { type, id, stands }] of targets) {
    const name = `${type}/${id}`;
    if (taken.has(name) && stands === undefined) {
      throw problem(400, 'duplicate', 'A transaction writes a resource once.', [at(index)]);
    }
    taken.add(name);
    if (method !== 'DELETE') decisions.announce({ type, id });
    if (fullUrl === undefined) continue;
    if (names.has(fullUrl)) throw problem(400, 'duplicate', 'Two entries have the same fullUrl.', [at(index)]);
    names.set(fullUrl, name);
    // R4 bundle.html#references: a relative reference resolves against the entries' own base.
    const relative = /\/([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})$/.exec(fullUrl)?.[1];
    if (relative !== undefined && !names.has(relative)) names.set(relative, name);
  }
  return names;
}

/** Resolves, in place, the references among the entries. */
function rename({ value, exact }: { value: Json; exact: Json }, names: ReadonlyMap<string, string>): void {
  rewriteLinks(value, (link) => names.get(link));
  if (exact !== value) rewriteLinks(exact, (link) => names.get(link));
}

/** Every invalid entry is told at once, with its place in the bundle. */
async function requireAllValid(entries: readonly BundleEntry[]): Promise<void> {
  const issues: Issue[] = [];
  for (const [done, { resource, method, index, interaction }] of entries.entries()) {
    if (done % SLICE === SLICE - 1) await setImmediate();
    if (!resource || method === 'PATCH') continue;
    const { type } = interaction as { type: string };
    if (resource.value['resourceType'] !== type) {
      throw problem(400, 'invalid', 'The resource is not of the type that the URL names.', [at(index)]);
    }
    if (interaction.kind === 'update' && resource.value['id'] !== interaction.id) {
      throw problem(400, 'value', 'The id in the resource is not the id in the URL.', [at(index)]);
    }
    const errors = invalidities(resource.value);
    if (errors.length === 0) continue;
    const moved = placed(index, new FhirProblem(422, errors)) as FhirProblem;
    issues.push(...moved.issues);
    if (issues.length > 100) break;
  }
  if (issues.length > 0) throw new FhirProblem(422, issues);
}
