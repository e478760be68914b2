import { entryAt, type BundleEntry } from './bundle-entry.ts';
import { requestOf, responseEntry } from './bundle-exchange.ts';
import type { FhirDependencies } from './dependencies.ts';
import type { FhirRequest, FhirResponse } from './exchange.ts';
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
