import { Controller, Get, Inject, Param, Post, Res } from '@nestjs/common';
import { Allow } from '@anamnesis/identity';
import { Fault } from '@anamnesis/kernel';
import { FAULT_PROBLEMS, HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyReply } from 'fastify';
import { RECORDS } from '@anamnesis/contracts';
import type { ProjectionControl, ProjectionStatus } from '../projection-status.ts';

export const PROJECTIONS = Symbol('projections');

/** How far the read models are, and building them anew; for operators. */
@Controller('admin/projections')
export class ProjectionsController {
  readonly #projections: ProjectionControl;

  constructor(@Inject(PROJECTIONS) projections: ProjectionControl) {
    this.#projections = projections;
  }

  @Get()
  @Allow('projections.read')
  async list(): Promise<readonly ProjectionStatus[]> {
    return [await this.#projections.status()];
  }

  /** Answers at once and tells of the progress as NDJSON, a line `{done, total}` each; the last may be `{error}`. */
  @Post(':model/rebuild')
  @Allow('projections.rebuild')
  async rebuild(@Param('model') model: string, @Res() reply: FastifyReply): Promise<void> {
    if (model !== RECORDS) throw new ProblemError(HTTP_PROBLEMS['not-found']);
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
    const line = (told: object): void => void reply.raw.write(`${JSON.stringify(told)}\n`);
    try {
      await this.#projections.rebuild(line);
    } catch (error) {
      // The answer has begun: what went wrong is its last line.
      line({ error: FAULT_PROBLEMS[error instanceof Fault ? error.code : 'read-model-unavailable'] });
    } finally {
      reply.raw.end();
    }
  }
}
