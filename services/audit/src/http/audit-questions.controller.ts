import { Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { AUDIT_CALLS, AUDIT_PATH, type AuditCall, questionOf } from '@anamnesis/cluster/protocol';
import { Allow } from '@anamnesis/identity';
import { HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AuditQuestions } from '../application/audit-questions.ts';

const isCall = (name: string): name is AuditCall => (AUDIT_CALLS as readonly string[]).includes(name);

/** Lets other services ask the audit context as if it were in their process. */
@Controller(AUDIT_PATH.slice(1))
export class AuditQuestionsController {
  readonly #questions: AuditQuestions;

  constructor(@Inject(AuditQuestions) questions: AuditQuestions) {
    this.#questions = questions;
  }

  @Post(':call')
  @Allow('internal.audit')
  @HttpCode(200)
  async ask(@Req() request: FastifyRequest, @Param('call') call: string): Promise<{ readonly value: unknown }> {
    if (!isCall(call)) throw new ProblemError(HTTP_PROBLEMS['not-found']);
    // Whoever asks is a service of this record, of this version: arguments are what the method's types say.
    const args = questionOf(request, z.array(z.unknown()).max(2));
    const ask = this.#questions[call] as (...args: readonly unknown[]) => Promise<unknown>;
    return { value: (await ask.apply(this.#questions, args)) ?? null };
  }
}
