import type { Json } from '@anamnesis/records';
import type { BundleEntry } from './bundle-entry.ts';
import { entryAt } from './bundle-entry.ts';
import type { FhirDependencies } from './dependencies.ts';
import { header, type FhirRequest, type FhirResponse } from './exchange.ts';
import { parseBody, resourceIn } from './incoming.ts';
import { FhirProblem, outcomeText, problem } from './problem.ts';
import type { Transaction } from './transaction.ts';

/** The entries as they were sent, plain and with decimals as written. */
interface Read {
  readonly values: readonly unknown[];
  readonly exacts: readonly unknown[];
}

type Handle = (request: FhirRequest) => Promise<FhirResponse>;

/** batch and transaction (R4 http.html#transaction). */
export class Bundles {
  readonly #dependencies: Pick<FhirDependencies, 'limits'>;
  readonly #transaction: Transaction;
  readonly #handle: Handle;

  constructor(dependencies: Pick<FhirDependencies, 'limits'>, transaction: Transaction, handle: Handle) {
    this.#dependencies = dependencies;
    this.#transaction = transaction;
    this.#handle = handle;
  }

  async run(request: FhirRequest): Promise<FhirResponse> {
    const { type, values, exacts } = this.#read(request);
    switch (type) {
      case 'transaction': {
        let read: Read | undefined = { values, exacts };
        const parse = () => {
          const { values: plain, exacts: lexical } = read ?? this.#read(request);
          read = undefined;
          return plain.map((entry, index) => entryAt(index, entry, lexical[index], request.base));
        };
        return this.#transaction.run(request, parse, this.#handle);
      }
      case 'batch':
        return this.#batch(request, values, exacts);
      default:
        throw problem(422, 'value', 'Only a batch or a transaction is processed here.', ['Bundle.type']);
    }
  }

  #read(request: FhirRequest): Read & { readonly type: unknown } {
    const { limits } = this.#dependencies;
    const { value, exact } = resourceIn(parseBody(request, limits.depth), 'Bundle');
    const values = (value['entry'] ?? []) as readonly unknown[];
    const exacts = (exact['entry'] ?? []) as readonly unknown[];
    if (!Array.isArray(values)) throw problem(400, 'structure', 'Bundle.entry is a list.', ['Bundle.entry']);
    if (values.length > limits.bundleEntries) {
      throw problem(413, 'too-costly', 'The bundle has more entries than this server takes.', ['Bundle.entry']);
    }
    return { type: value['type'], values, exacts };
  }

  async #batch(request: FhirRequest, values: readonly unknown[], exacts: readonly unknown[]): Promise<FhirResponse> {
    const answers: string[] = [];
    let position = 0;
    for (const [index, value] of values.entries()) {
      const answer = await this.#one(request, index, value, exacts[index]);
      position = Math.max(position, Number(answer.headers?.['X-Anamnesis-Position'] ?? 0));
      answers.push(responseEntry(answer));
    }
    const body = `{"resourceType":"Bundle","type":"batch-response","entry":[${answers.join(',')}]}`;
    return { status: 200, headers: { 'X-Anamnesis-Position': String(position) }, body };
  }

  async #one(request: FhirRequest, index: number, value: unknown, exact: unknown): Promise<FhirResponse> {
    let entry: BundleEntry;
    try {
      entry = entryAt(index, value, exact, request.base);
      if (entry.interaction.kind === 'bundle') throw problem(400, 'not-supported', 'A bundle holds no other bundle.');
    } catch (error) {
      if (!(error instanceof FhirProblem)) throw error;
      return { status: error.status, body: outcomeText(error.issues) };
    }
    return this.#handle(requestOf(request, entry));
  }
}

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
