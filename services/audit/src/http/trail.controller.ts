import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { actorOf, Allow, type Caller } from '@anamnesis/identity';
import { HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessRecorder } from '@anamnesis/access';
import { AuditQuestions } from '../application/audit-questions.ts';
import { AuditTrail } from '../application/audit-trail.ts';

const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const MOST_ROWS = 100_000;

/** Who saw or changed a patient's record, or what one member of staff touched: NDJSON, newest first. */
@Controller('audit')
export class TrailController {
  readonly #trail: AuditTrail;
  readonly #recorder: AccessRecorder;
  readonly #questions: AuditQuestions;

  constructor(
    @Inject(AuditTrail) trail: AuditTrail,
    @Inject(AccessRecorder) recorder: AccessRecorder,
    @Inject(AuditQuestions) questions: AuditQuestions,
  ) {
    this.#trail = trail;
    this.#recorder = recorder;
    this.#questions = questions;
  }

  @Get('trail')
  @Allow('audit.trail')
  async trail(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Query() query: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { patient, agent, since, until } = query;
    const options = { ...instant('from', since), ...instant('to', until), limit: MOST_ROWS };
    if ((patient === undefined) === (agent === undefined)) throw bad('patient');
    const about = patient ?? agent;
    if (typeof about !== 'string' || !ID.test(about)) throw bad(patient === undefined ? 'agent' : 'patient');
    await this.#questions.caughtUp();
    const subject = this.#questions.opaquePatient(about);
    const rows = await (patient === undefined
      ? this.#trail.activityOf(about, options)
      : this.#trail.trail(subject, options));
    await this.#recorded(request, patient === undefined ? [] : [subject]);
    const body = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    await reply.code(200).header('content-type', 'application/x-ndjson').send(body);
  }

  /** Looking at the trail is an access itself. */
  #recorded(request: FastifyRequest, patients: readonly string[]): Promise<void> {
    const caller = request.caller as Caller;
    const facts = {
      interaction: 'operation',
      operation: '/audit/trail',
      patients,
      from: request.ip,
      client: caller.clientId,
      requestId: request.id,
    } as const;
    return this.#recorder.record(
      { actor: actorOf(caller), correlation: request.id },
      { type: 'PatientDataRead', facts },
    );
  }
}

const bad = (expression: string): ProblemError =>
  new ProblemError({ ...HTTP_PROBLEMS['bad-request'], expressions: [expression] });

function instant(name: 'from' | 'to', value: unknown): { from?: number; to?: number } {
  if (value === undefined) return {};
  const at = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(at)) throw bad(name === 'from' ? 'since' : 'until');
  return { [name]: at };
}
