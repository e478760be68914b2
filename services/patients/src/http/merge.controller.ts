import { Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { Allow } from '@anamnesis/identity';
import type { Journal } from '@anamnesis/journal';
import { commitDecided, newId, type Instant, type Try } from '@anamnesis/kernel';
import type { RecordRefusal } from '@anamnesis/records';
import { HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PatientsContext } from '../application/patients-context.ts';
import { askingOf, bodyOf } from './compliance.controller.ts';

const ID = z.string().regex(/^[A-Za-z0-9\-.]{1,64}$/);
const BODY = z.strictObject({ other: ID, reason: z.string().trim().min(1).max(2_000) });

export const MERGE_JOURNAL = Symbol('merge-journal');
export const MERGE_CLOCK = Symbol('merge-clock');

/** Merging two records of one person, and undoing it: registrars only; both streams change in one append. */
@Controller('api/patients')
export class MergeController {
  readonly #patients: PatientsContext;
  readonly #journal: Journal;
  readonly #clock: () => Instant;

  constructor(
    @Inject(PatientsContext) patients: PatientsContext,
    @Inject(MERGE_JOURNAL) journal: Journal,
    @Inject(MERGE_CLOCK) clock: () => Instant,
  ) {
    this.#patients = patients;
    this.#journal = journal;
    this.#clock = clock;
  }

  @Post(':id/merge')
  @Allow('patient.merge')
  @HttpCode(200)
  merge(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return this.#link(request, 'merge', id);
  }

  @Post(':id/unmerge')
  @Allow('patient.unmerge')
  @HttpCode(200)
  unmerge(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    return this.#link(request, 'unmerge', id);
  }

  async #link(request: FastifyRequest, kind: 'merge' | 'unmerge', survivor: string): Promise<object> {
    if (!ID.safeParse(survivor).success) throw new ProblemError(HTTP_PROBLEMS['not-found']);
    const { other, reason } = bodyOf(request, BODY);
    const { actor, correlation } = askingOf(request);
    const command = newId();
    const decide = async (): Promise<Try<undefined>> => {
      const asked = { id: command, at: this.#clock(), actor };
      const decided = await this.#patients.decideMerge(kind, survivor, other, asked, reason);
      if ('refused' in decided) throw new ProblemError(problemOf(decided.refused));
      return { pending: decided.pending, answer: undefined };
    };
    const { committed } = await commitDecided(this.#journal, { command, actor, correlation }, decide);
    return { survivor, other, position: committed?.position };
  }
}

function problemOf({ code, message }: RecordRefusal) {
  const known = code === 'not-found' ? ({ status: 404, issue: 'not-found' } as const) : undefined;
  return { ...(known ?? ({ status: 422, issue: 'business-rule' } as const)), code, title: message };
}
