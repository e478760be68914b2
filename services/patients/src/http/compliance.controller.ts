import { Controller, Delete, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { actorOf, Allow, type Caller } from '@anamnesis/identity';
import { HTTP_PROBLEMS, ProblemError, refusalProblems } from '@anamnesis/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Erasures, type Asking } from '../application/erasures.ts';
import type { ErasureRefusal } from '../domain/erasure.ts';
import type { HoldRefusal } from '../domain/legal-hold.ts';

const text = (most: number) => z.string().trim().min(1).max(most);
const PATIENT = z.string().regex(/^[A-Za-z0-9\-.]{1,64}$/);
const ASK = z.strictObject({ patient: PATIENT, reason: text(2_000), basis: text(200) });
const HOLD = z.strictObject({ patient: PATIENT, reason: text(2_000) });

/** The HTTP side of every refusal of an erasure or a hold. */
export const complianceProblemOf = refusalProblems<ErasureRefusal | HoldRefusal>({
  'erasure-unknown': { status: 404, issue: 'not-found' },
  'erasure-same-officer': { status: 403, issue: 'forbidden' },
  'erasure-already-approved': { status: 409, issue: 'conflict' },
  'erasure-legal-hold': { status: 409, issue: 'business-rule' },
  'erasure-retention-running': { status: 409, issue: 'business-rule' },
  'erasure-retention-not-configured': { status: 409, issue: 'business-rule' },
  'hold-stands': { status: 409, issue: 'conflict' },
  'hold-absent': { status: 409, issue: 'conflict' },
});

/** Erasures and legal holds, for compliance officers. */
@Controller('admin')
export class ComplianceController {
  readonly #erasures: Erasures;

  constructor(@Inject(Erasures) erasures: Erasures) {
    this.#erasures = erasures;
  }

  @Post('erasures')
  @Allow('erasure.ask')
  @HttpCode(201)
  async ask(@Req() request: FastifyRequest): Promise<object> {
    const { patient, reason, basis } = bodyOf(request, ASK);
    const asked = await this.#erasures.ask(askingOf(request), patient, reason, basis);
    if (!asked) throw new ProblemError(HTTP_PROBLEMS['not-found']);
    if (!asked.result.ok) throw new ProblemError(complianceProblemOf(asked.result.refused));
    return { id: asked.id, position: asked.result.position };
  }

  @Post('erasures/:id/approve')
  @Allow('erasure.approve')
  @HttpCode(200)
  async approve(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const result = await this.#erasures.approve(askingOf(request), idOf(id));
    if (!result.ok) throw new ProblemError(complianceProblemOf(result.refused));
    return { id, position: result.position };
  }

  @Post('holds')
  @Allow('hold.place')
  @HttpCode(201)
  async place(@Req() request: FastifyRequest): Promise<object> {
    const { patient, reason } = bodyOf(request, HOLD);
    return this.#hold(request, patient, 'place', reason);
  }

  @Delete('holds/:id')
  @Allow('hold.release')
  async release(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('id') id: string): Promise<void> {
    const reason = new URLSearchParams((request.raw.url ?? '').split('?')[1] ?? '').get('reason') ?? 'released';
    const done = await this.#hold(request, patientOf(id), 'release', reason.slice(0, 2_000));
    await reply.code(200).send(done);
  }

  async #hold(request: FastifyRequest, patient: string, kind: 'place' | 'release', reason: string): Promise<object> {
    const result = await this.#erasures.hold(askingOf(request), patient, kind, reason);
    if (!result) throw new ProblemError(HTTP_PROBLEMS['not-found']);
    if (!result.ok) throw new ProblemError(complianceProblemOf(result.refused));
    return { id: patient, position: result.position };
  }
}

export function askingOf(request: FastifyRequest): Asking {
  return { actor: actorOf(request.caller as Caller), correlation: request.id };
}

/** A JSON body of the shape; a fault names the members that are wrong, never their values. */
export function bodyOf<T>(request: FastifyRequest, shape: z.ZodType<T>): T {
  const bad = (expressions: readonly string[]) => new ProblemError({ ...HTTP_PROBLEMS['bad-request'], expressions });
  let value: unknown;
  try {
    value = JSON.parse(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
  } catch {
    throw bad(['$']);
  }
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw bad(parsed.error.issues.map(({ path }) => path.map(String).join('.') || '$'));
}

function idOf(id: string): string {
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new ProblemError(HTTP_PROBLEMS['not-found']);
  return id;
}

function patientOf(id: string): string {
  if (!PATIENT.safeParse(id).success) throw new ProblemError(HTTP_PROBLEMS['not-found']);
  return id;
}
