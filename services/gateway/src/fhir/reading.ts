import type { Json } from '@anamnesis/records';
import type { AccessControl } from './access.ts';
import { coversInstant, momentOf } from './as-of.ts';
import type { FhirDependencies } from './dependencies.ts';
import { header, type FhirRequest, type FhirResponse } from './exchange.ts';
import { present, shapeOf } from './presentation.ts';
import { problem } from './problem.ts';
import { versionHeaders, type ResourceVersion } from './resource-version.ts';
import type { Resources } from './resources.ts';

/** read and vread (R4 http.html#read), now and as of a moment. */
export class Reading {
  readonly #dependencies: FhirDependencies;
  readonly #resources: Resources;
  readonly #access: AccessControl;

  constructor(dependencies: FhirDependencies, resources: Resources, access: AccessControl) {
    this.#dependencies = dependencies;
    this.#resources = resources;
    this.#access = access;
  }

  async read(request: FhirRequest, type: string, id: string): Promise<FhirResponse> {
    await this.#access.require(request, 'read', type);
    if (type === 'AuditEvent') return this.#auditEvent(request, id);
    const { upTo, effective } = await momentOf(request, this.#dependencies);
    const version = await this.#resources.latest(type, id, upTo);
    if (!version) return this.#missing(request, type, id);
    if (effective !== undefined && version.text !== undefined) {
      const resource = JSON.parse(version.text) as Json;
      if (!coversInstant(type, resource, version.lastUpdated, effective)) return this.#missing(request, type, id);
    }
    return this.#disclose(request, 'read', version);
  }

  async vread(request: FhirRequest, type: string, id: string, versionId: string): Promise<FhirResponse> {
    await this.#access.require(request, 'read', type);
    const versions = await this.#resources.versions(type, id);
    const version = versions.find((candidate) => candidate.versionId === versionId);
    if (!version) return this.#missing(request, type, id);
    return this.#disclose(request, 'vread', version);
  }

  async #disclose(
    request: FhirRequest,
    interaction: 'read' | 'vread',
    version: ResourceVersion,
  ): Promise<FhirResponse> {
    const { type, id, subject, text } = version;
    await this.#access.requireVisible(request, subject, type);
    const shape = shapeOf(request);
    const patients = subject === undefined ? [] : [subject];
    if (subject !== undefined) {
      await this.#access.record(request, { interaction, type, id, patients, outcome: 'success' });
    }
    if (text === undefined) throw problem(410, 'deleted', 'The resource was deleted.');
    const headers = versionHeaders(version);
    if (unchanged(request, version)) return { status: 304, headers };
    return { status: 200, headers, body: present(text, shape) };
  }

  /** What is not there is told only after the question was recorded: whom somebody looked for can tell much. */
  async #missing(request: FhirRequest, type: string, id: string): Promise<never> {
    await this.#access.record(request, { interaction: 'read', type, id, patients: [], outcome: 'success' });
    throw problem(404, 'not-found', 'There is no such resource.');
  }

  async #auditEvent(request: FhirRequest, id: string): Promise<FhirResponse> {
    const event = await this.#dependencies.auditEvents.read(id);
    if (!event) throw problem(404, 'not-found', 'There is no such resource.');
    await this.#access.record(request, {
      interaction: 'read',
      type: 'AuditEvent',
      id,
      patients: [],
      outcome: 'success',
    });
    return { status: 200, headers: { ETag: 'W/"1"' }, body: present(event.text, shapeOf(request)) };
  }
}

/** If-None-Match and If-Modified-Since (R4 http.html#cread); the former wins, as RFC 9110 section 13.2.2 says. */
function unchanged(request: FhirRequest, version: ResourceVersion): boolean {
  const tags = header(request, 'if-none-match');
  if (tags !== undefined)
    return tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${version.versionId}"`);
  const since = header(request, 'if-modified-since');
  if (since === undefined) return false;
  const instant = Date.parse(since);
  return !Number.isNaN(instant) && Math.floor(version.lastUpdated / 1_000) * 1_000 <= instant;
}
