import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from './log.ts';
import { type Problem, problemDocument } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { countRefusal } from './telemetry.ts';

/** How problems are written under a path; FHIR routes write OperationOutcomes. */
export interface ProblemRenderer {
  /** Applies to addresses that are this, or go on with `/` or `?`. */
  readonly prefix: string;
  render(problem: Problem, correlation: string): { readonly contentType: string; readonly body: string | Buffer };
}

/** Answers every error there is: what Nest's handlers throw and what Fastify and the guard refuse before them. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log: Log;
  readonly #renderers: readonly ProblemRenderer[];

  constructor(log: Log, renderers: readonly ProblemRenderer[] = []) {
    this.#log = log;
    this.#renderers = renderers;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = problemOf(error);
    countRefusal(problem.code);
    if (problem.status >= 500) {
      const fields = { error, code: problem.code, correlation: request.id, route: request.routeOptions?.url ?? '' };
      if (problem.code === 'bug') this.#log.error('a bug was answered with 500', fields);
      else this.#log.warn('a fault was answered', fields);
    }
    if (reply.sent || reply.raw.headersSent) return; // the answer had begun: the connection can only be cut
    const { contentType, body } = this.#render(problem, request);
    void reply
      .code(problem.status)
      .headers({
        ...(problem.retryAfter !== undefined && { 'retry-after': String(problem.retryAfter) }),
        ...problem.headers,
        'content-type': contentType,
      })
      .send(body);
  }

  #render(problem: Problem, request: FastifyRequest): { readonly contentType: string; readonly body: string | Buffer } {
    const path = request.raw.url ?? '';
    const renderer = this.#renderers.find(
      ({ prefix }) => path.startsWith(prefix) && (path.length === prefix.length || /[/?]/.test(path[prefix.length]!)),
    );
    if (renderer !== undefined) return renderer.render(problem, request.id);
    return { contentType: 'application/problem+json', body: JSON.stringify(problemDocument(problem, request.id)) };
  }
}
