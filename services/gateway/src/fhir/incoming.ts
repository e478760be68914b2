import { parseJson } from '@anamnesis/fhir/json';
import { forEachReference, subjectOf, type Subject } from '@anamnesis/fhir';
import { canonicalResource } from '@anamnesis/fhir/json';
import { validateResource } from '@anamnesis/fhir/validation';
import { ownerOf } from '@anamnesis/contracts';
import type { Json, ResourceVersion } from '@anamnesis/records';
import { header, type FhirRequest } from './exchange.ts';
import { FhirProblem, problem, type Issue } from './problem.ts';

/** A JSON document of a request: its plain value, and the same with decimals as they were written. */
export interface Parsed {
  readonly value: unknown;
  readonly exact: unknown;
}

const JSON_TYPES = /^application\/(fhir\+json|json|json-patch\+json)\s*(;|$)/i;

/** Parses a request's body; throws 400 or 415 with the place of the fault, never with what was there. */
export function parseBody(request: FhirRequest, depth: number): Parsed {
  const type = header(request, 'content-type');
  if (type === undefined || !JSON_TYPES.test(type)) {
    throw problem(415, 'not-supported', 'Send application/fhir+json; other content types are not taken.');
  }
  if (!request.body || request.body.length === 0) throw problem(400, 'structure', 'The body is empty.');
  const parsed = parseJson(request.body, { depth });
  if (parsed.problem === undefined) return parsed;
  const { message, line, column, expression } = parsed.problem;
  const place = line === undefined ? '' : ` Line ${line}, column ${column}.`;
  throw problem(400, 'structure', message + place, expression === undefined ? undefined : [expression]);
}

/** The resource of a body: an object of the expected type. */
export function resourceIn(parsed: Parsed, type: string): { readonly value: Json; readonly exact: Json } {
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw problem(400, 'structure', 'The body is not a resource.');
  }
  const stated = (value as Json)['resourceType'];
  if (stated !== type) {
    throw problem(400, 'invalid', 'The resource is not of the type that the URL names.', ['resourceType']);
  }
  return { value: value as Json, exact: parsed.exact as Json };
}

/** Refuses an invalid resource with every issue found. */
export function requireValid(value: Json): void {
  const issues = invalidities(value);
  if (issues.length > 0) throw new FhirProblem(422, issues);
}

/** What is wrong with a resource; empty when nothing is. */
export function invalidities(value: Json): Issue[] {
  return validateResource(value)
    .filter(({ severity }) => severity === 'error')
    .map(({ severity, code, diagnostics, expression }) => ({ severity, code, diagnostics, expression: [expression] }));
}

/** The canonical form of a valid resource under its id. */
export function versionUnder(type: string, id: string, resource: { value: Json; exact: Json }): ResourceVersion {
  return { text: canonicalResource(resource.exact, { type, id }), value: { ...resource.value, id } };
}

/** A reference to a resource of this record. */
export interface LocalReference {
  readonly type: string;
  readonly id: string;
}

const RELATIVE = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
/** References that only a transaction can resolve, among its own entries. */
const UNRESOLVED = /^urn:(uuid|oid):/;

/** A literal reference as one to this record; undefined for anything else (contained, elsewhere, logical). */
export function localReference(reference: string, base: string): LocalReference | undefined {
  const relative = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const match = RELATIVE.exec(relative);
  return match && ownerOf(match[1]!) ? { type: match[1]!, id: match[2]! } : undefined;
}

/** The distinct references of a resource to resources of this record; throws 422 for one that resolves to nothing. */
export function localReferences(value: Json, base: string): LocalReference[] {
  const found = new Map<string, LocalReference>();
  forEachReference(value, ({ value: reference }) => {
    if (UNRESOLVED.test(reference)) throw dangling(value);
    const local = localReference(reference, base);
    if (local) found.set(`${local.type}/${local.id}`, local);
  });
  return [...found.values()];
}

export const dangling = (value: Json): FhirProblem =>
  problem(422, 'not-found', 'A reference names a resource that does not exist here.', [String(value['resourceType'])]);

/** The patient whose data the resource is, or the record of ours that leads to one. */
export const ownerIn = (type: string, value: Json): Subject | undefined => subjectOf(type, value);
