import type { Json } from '@anamnesis/records';
import { interactionOf, type Interaction } from './interaction.ts';
import type { FhirRequest } from './exchange.ts';
import { problem } from './problem.ts';

/** An entry of a batch or transaction, its request read. */
export interface BundleEntry {
  readonly index: number;
  readonly fullUrl?: string;
  readonly method: FhirRequest['method'];
  /** The path below the base, without a query. */
  readonly path: string;
  readonly query: FhirRequest['query'];
  readonly interaction: Interaction;
  readonly resource?: { readonly value: Json; readonly exact: Json };
  /** Lower-case header names, as the entry's request states their values. */
  readonly headers: Readonly<Record<string, string>>;
}

interface RawEntry {
  readonly fullUrl?: string;
  readonly resource?: Json;
  readonly request?: Readonly<Record<string, string | undefined>>;
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const HEADERS = {
  'if-match': 'ifMatch',
  'if-none-match': 'ifNoneMatch',
  'if-none-exist': 'ifNoneExist',
  'if-modified-since': 'ifModifiedSince',
} as const;

/** Reads one entry; throws 400 with its place. */
export function entryAt(index: number, value: unknown, exact: unknown, base: string): BundleEntry {
  const raw = value as RawEntry;
  const asked = raw?.request;
  const method = asked?.['method'];
  const url = asked?.['url'];
  if (typeof method !== 'string' || !METHODS.has(method) || typeof url !== 'string') {
    throw problem(400, 'required', 'An entry of a batch or transaction has a request with method and url.', [
      at(index),
    ]);
  }
  const { path, query } = split(url, base);
  const resource = raw.resource && { value: raw.resource, exact: (exact as RawEntry).resource! };
  if ((method === 'POST' || method === 'PUT' || method === 'PATCH') !== (resource !== undefined)) {
    throw problem(400, 'required', 'An entry that writes has a resource, and no other has one.', [at(index)]);
  }
  return {
    index,
    method: method as BundleEntry['method'],
    path,
    query,
    interaction: located(index, () => interactionOf({ method: method as BundleEntry['method'], path })),
    headers: headersOf(asked!),
    ...(typeof raw.fullUrl === 'string' && { fullUrl: raw.fullUrl }),
    ...(resource && { resource }),
  };
}

export const at = (index: number): string => `Bundle.entry[${index}]`;

/** Runs work for an entry; what it refuses is told with the entry's place. */
export function located<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placed(index, error);
  }
}

/** A problem with its expressions moved below the entry. */
export function placed(index: number, error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'FhirProblem') return error;
  const { issues } = error as ReturnType<typeof problem>;
  const moved = issues.map((issue) => ({
    ...issue,
    expression: issue.expression?.map((path) =>
      path.startsWith('Bundle.') ? path : `${at(index)}.resource.${tail(path)}`,
    ) ?? [at(index)],
  }));
  return Object.assign(error, { issues: moved });
}

const tail = (path: string): string => path.replace(/^[A-Z][A-Za-z]+\.?/, '') || path;

function split(url: string, base: string): { path: string; query: FhirRequest['query'] } {
  const relative = url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url.replace(/^\//, '');
  const mark = relative.indexOf('?');
  if (mark < 0) return { path: decode(relative), query: [] };
  return { path: decode(relative.slice(0, mark)), query: [...new URLSearchParams(relative.slice(mark + 1))] };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw problem(400, 'value', 'The URL is not well-formed.');
  }
}

function headersOf(asked: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, element] of Object.entries(HEADERS)) {
    const value = asked[element];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}
