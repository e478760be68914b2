import { Fault } from '@anamnesis/kernel';
import { QueryRefused } from '@anamnesis/read-store';
import { countRefusal, type Problem } from '@anamnesis/service';
import { AccessControl } from './access.ts';
import { refuseMoment } from './as-of.ts';
import { Bundles } from './bundles.ts';
import { capabilityStatement } from './capability.ts';
import { Committer } from './committer.ts';
import { Conditional } from './conditional.ts';
import type { FhirDependencies } from './dependencies.ts';
import type { FhirRequest, FhirResponse } from './exchange.ts';
import { History } from './history.ts';
import { interactionOf, type Interaction } from './interaction.ts';
import { Operations } from './operations.ts';
import { OwnWrites } from './own-writes.ts';
import { pretty } from './presentation.ts';
import { codedAs, FhirProblem, outcomeText, problem } from './problem.ts';
import { Reading } from './reading.ts';
import { Resources } from './resources.ts';
import { Searching } from './searching.ts';
import { StoredTerminology } from './stored-terminology.ts';
import { Transaction } from './transaction.ts';
import { Writing } from './writing.ts';

export interface FhirServerOptions {
  readonly version: string;
  /** How a fault of an adapter answers: status, issue type, and Retry-After in seconds. */
  readonly faultStatus: (fault: Fault) => Pick<Problem, 'status' | 'issue' | 'retryAfter'>;
  /** Told of what nobody expected, with the request's correlation id and no patient data. */
  readonly onBug: (error: unknown, requestId: string) => void;
}

/** FHIR R4 REST: a request in, a response out; whoever serves HTTP puts it between. */
export class FhirServer {
  readonly #options: FhirServerOptions;
  readonly #started: string;
  readonly #reading: Reading;
  readonly #writing: Writing;
  readonly #searching: Searching;
  readonly #history: History;
  readonly #operations: Operations;
  readonly #bundles: Bundles;

  constructor(dependencies: FhirDependencies, options: FhirServerOptions) {
    this.#options = options;
    this.#started = new Date(dependencies.clock()).toISOString();
    const ownWrites = new OwnWrites();
    const resources = new Resources(dependencies);
    const access = new AccessControl(dependencies);
    const committer = new Committer(dependencies, ownWrites);
    this.#searching = new Searching(dependencies, access, ownWrites, new StoredTerminology(dependencies.records));
    const conditional = new Conditional(dependencies, resources, this.#searching, access);
    this.#reading = new Reading(dependencies, resources, access);
    this.#writing = new Writing(dependencies, resources, access, committer, conditional);
    this.#history = new History(dependencies, resources, access);
    this.#operations = new Operations(dependencies, resources, access);
    const transaction = new Transaction(dependencies, resources, access, committer, conditional, this.#writing);
    this.#bundles = new Bundles(dependencies, transaction, (request) => this.handle(request));
  }

  /** Answers every request; what went wrong comes back as an OperationOutcome, never as an exception. */
  async handle(request: FhirRequest): Promise<FhirResponse> {
    try {
      const interaction = interactionOf(request);
      if (interaction.kind !== 'read' && interaction.kind !== 'operation') refuseMoment(request.query);
      const response = await this.#dispatch(request, interaction);
      if (response.body === undefined) return response;
      const body = request.method === 'HEAD' ? '' : pretty(request, response.body);
      return { ...response, body };
    } catch (error) {
      const failed = this.#failed(request, error);
      return failed.body === undefined ? failed : { ...failed, body: pretty(request, failed.body) };
    }
  }

  /** The CapabilityStatement, for anybody. */
  capabilities(base: string, query: FhirRequest['query']): FhirResponse {
    return { status: 200, body: pretty({ query }, capabilityStatement(base, this.#options.version, this.#started)) };
  }

  #dispatch(request: FhirRequest, interaction: Interaction): Promise<FhirResponse> | FhirResponse {
    switch (interaction.kind) {
      case 'metadata':
        return this.capabilities(request.base, []);
      case 'read':
        return this.#reading.read(request, interaction.type, interaction.id);
      case 'vread':
        return this.#reading.vread(request, interaction.type, interaction.id, interaction.versionId);
      case 'history':
        return this.#history.of(request, interaction.type, interaction.id);
      case 'search':
        if (interaction.type === undefined) {
          throw problem(400, 'not-supported', 'Search names one resource type: /Patient?name=... for example.');
        }
        return this.#searching.search(request, interaction.type);
      case 'create':
        return this.#writing.create(request, writable(interaction.type));
      case 'update':
        return this.#writing.update(request, writable(interaction.type), interaction.id);
      case 'patch':
        return this.#writing.patch(request, writable(interaction.type), interaction.id);
      case 'delete':
        return this.#writing.remove(request, writable(interaction.type), interaction.id);
      case 'conditional-update':
        return this.#writing.conditionalUpdate(request, writable(interaction.type));
      case 'conditional-patch':
        return this.#writing.conditionalPatch(request, writable(interaction.type));
      case 'conditional-delete':
        return this.#writing.conditionalRemove(request, writable(interaction.type));
      case 'bundle':
        return this.#bundles.run(request);
      case 'operation':
        return this.#operations.run(request, interaction.name, interaction.type, interaction.id);
    }
  }

  #failed(request: FhirRequest, error: unknown): FhirResponse {
    if (error instanceof FhirProblem) {
      const [issue] = error.issues;
      countRefusal(issue?.details?.coding[0]?.code ?? issue?.code ?? 'problem');
      return { status: error.status, headers: error.headers, body: outcomeText(error.issues) };
    }
    if (error instanceof Fault) {
      countRefusal(error.code);
      const { status, issue: code, retryAfter } = this.#options.faultStatus(error);
      return {
        status,
        headers: retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
        body: outcomeText([{ severity: 'error', code, diagnostics: error.message, details: codedAs(error.code) }]),
      };
    }
    if (error instanceof QueryRefused) {
      countRefusal(error.code);
      const code = error.code === 'query-too-large' ? 'too-costly' : 'value';
      return { status: 400, body: outcomeText([{ severity: 'error', code, diagnostics: `${error.message}.` }]) };
    }
    countRefusal('bug');
    this.#options.onBug(error, request.requestId);
    const diagnostics = `Something went wrong on our side. Tell the operator this id: ${request.requestId}`;
    return { status: 500, body: outcomeText([{ severity: 'fatal', code: 'exception', diagnostics }]) };
  }
}

/** AuditEvents are made by the record itself, from what it did (IHE BALP); nobody else writes them. */
function writable(type: string): string {
  if (type === 'AuditEvent') throw problem(405, 'not-supported', 'AuditEvents are recorded by the system itself.');
  return type;
}
