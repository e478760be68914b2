import type { Json } from '@anamnesis/records';
import type { BundleEntry } from './bundle-entry.ts';
import { header, type FhirRequest, type FhirResponse } from './exchange.ts';
import { problem } from './problem.ts';

/** An entry as a request of its own. */
export function requestOf(request: FhirRequest, entry: BundleEntry): FhirRequest {
  const key = header(request, 'idempotency-key');
  const { prefer, 'x-anamnesis-min-position': least } = request.headers;
  const headers: Record<string, string | undefined> = {
    ...entry.headers,
    ...(prefer !== undefined && { prefer }),
    ...(least !== undefined && { 'x-anamnesis-min-position': least }),
    ...(key !== undefined && { 'idempotency-key': `${key.slice(0, 240)}#${entry.index}` }),
    ...(entry.resource && { 'content-type': 'application/fhir+json' }),
  };
  const { body: _, ...rest } = request;
  return {
    ...rest,
    method: entry.method,
    path: entry.path,
    query: entry.query,
    headers,
    ...(entry.resource && { body: bodyOf(entry) }),
  };
}

function bodyOf({ method, resource }: BundleEntry): Uint8Array {
  const { value, exact } = resource!;
  if (method !== 'PATCH') return Buffer.from(JSON.stringify(exact));
  return patchIn(value);
}

/** R4 http.html#patch: a JSON Patch in a bundle is a Binary of that content type. */
export function patchIn(value: Json): Uint8Array {
  if (value['resourceType'] !== 'Binary' || typeof value['data'] !== 'string') {
    throw problem(400, 'structure', 'A patch in a bundle is a Binary that holds a JSON Patch.');
  }
  return Buffer.from(value['data'], 'base64');
}

/** An answer as an entry of the response bundle. */
export function responseEntry({ status, headers, body }: FhirResponse): string {
  const response: Record<string, unknown> = { status: String(status) };
  if (headers?.['Location']) response['location'] = headers['Location'];
  if (headers?.['ETag']) response['etag'] = headers['ETag'];
  if (headers?.['Last-Modified']) response['lastModified'] = new Date(headers['Last-Modified']).toISOString();
  const failed = status >= 400;
  const outcome = failed && body !== undefined ? `,"outcome":${body}` : '';
  const resource = !failed && body !== undefined ? `"resource":${body},` : '';
  return `{${resource}"response":${JSON.stringify(response).slice(0, -1)}${outcome}}}`;
}
