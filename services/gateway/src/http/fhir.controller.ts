import { All, Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { actorOf, Allow, AllowFhir, type Caller } from '@anamnesis/identity';
import { currentTraceparent } from '@anamnesis/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FhirRequest, FhirResponse } from '../fhir/exchange.ts';
import { FhirServer } from '../fhir/fhir-server.ts';
import { outcomeText } from '../fhir/problem.ts';

/** The address that the service is reached by; known once it listens. */
export const BASE_URL = Symbol('base-url');
export type BaseUrl = () => string;

const PREFIX = '/fhir';
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const FHIR_JSON = 'application/fhir+json; charset=utf-8';

/** HTTP on one side, the FHIR server on the other. Who may do what is decided by interaction and resource type. */
@Controller('fhir')
export class FhirController {
  readonly #server: FhirServer;
  readonly #baseUrl: BaseUrl;

  constructor(@Inject(FhirServer) server: FhirServer, @Inject(BASE_URL) baseUrl: BaseUrl) {
    this.#server = server;
    this.#baseUrl = baseUrl;
  }

  /** Public, as SMART and R4 http.html#capabilities expect it. */
  @Get('metadata')
  @Allow('metadata.read')
  metadata(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    send(reply, this.#server.capabilities(`${this.#baseUrl()}${PREFIX}`, addressOf(request).query));
  }

  @All()
  @AllowFhir()
  async root(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#answer(request, reply);
  }

  @All('*')
  @AllowFhir()
  async all(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#answer(request, reply);
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const asked = this.#requestOf(request);
    send(reply, 'status' in asked ? asked : await this.#server.handle(asked));
  }

  #requestOf(request: FastifyRequest): FhirRequest | FhirResponse {
    if (!METHODS.has(request.method)) return refused(405, 'This method is not allowed here.');
    const { pathname, query } = addressOf(request);
    let path: string;
    try {
      path = decodeURIComponent(pathname.slice(PREFIX.length + 1));
    } catch {
      return refused(400, 'The URL is not well-formed.');
    }
    const caller = request.caller as Caller; // the guard lets nobody pass without one
    const traceparent = currentTraceparent();
    return {
      method: request.method as FhirRequest['method'],
      path,
      query,
      headers: request.headers as FhirRequest['headers'],
      caller,
      actor: actorOf(caller),
      requestId: request.id,
      source: request.ip,
      base: `${this.#baseUrl()}${PREFIX}`,
      ...(Buffer.isBuffer(request.body) && { body: request.body }),
      ...(traceparent !== undefined && { traceparent }),
    };
  }
}

/** The path and the query's pairs of a request's target. */
function addressOf(request: FastifyRequest): { pathname: string; query: FhirRequest['query'] } {
  const target = request.raw.url ?? '';
  const mark = target.indexOf('?');
  if (mark < 0) return { pathname: target, query: [] };
  return { pathname: target.slice(0, mark), query: [...new URLSearchParams(target.slice(mark + 1))] };
}

function refused(status: number, diagnostics: string): FhirResponse {
  return { status, body: outcomeText([{ severity: 'error', code: 'invalid', diagnostics }]) };
}

function send(reply: FastifyReply, { status, headers, body }: FhirResponse): void {
  void reply
    .code(status)
    .headers({ ...headers, ...(body !== undefined && { 'content-type': FHIR_JSON }) })
    .send(body);
}
