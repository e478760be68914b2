import { type DynamicModule, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { Allow } from '@anamnesis/identity';
import type { Journal, Pending } from '@anamnesis/journal';
import type { RecordContext, Unsealed, WriteIntent } from '@anamnesis/records';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type DecisionsAnswer, DECISIONS_PATH, type SealedDecision, writeSealed } from './decisions-protocol.ts';
import { questionOf } from './json-body.ts';

const DECISIONS = Symbol('decisions');

const ACTOR = z.strictObject({
  id: z.string(),
  role: z.string(),
  facility: z.string().optional(),
  purpose: z.string(),
});
const INTENT = z.strictObject({
  interaction: z.enum(['put', 'delete']),
  type: z.string(),
  id: z.string(),
  text: z.string().optional(),
  ifMatch: z.string().optional(),
  mustBeNew: z.boolean().optional(),
  fresh: z.boolean().optional(),
  origin: z.literal('imported').optional(),
  subject: z.string().optional(),
  reason: z.string().optional(),
});
const QUESTION = z.strictObject({
  intents: z.array(INTENT).min(1).max(10_000),
  attempt: z.number().int().min(0),
  command: z.string(),
  at: z.number(),
  actor: ACTOR,
  correlation: z.string(),
  traceparent: z.string().optional(),
});

interface Parts {
  readonly context: Pick<RecordContext, 'name' | 'decide'>;
  readonly journal: Journal;
}

/** A context decides without committing: sealed events, with the revisions they rest on, or a refusal. */
@Controller(DECISIONS_PATH.slice(1))
class DecisionsController {
  readonly #parts: Parts;

  constructor(@Inject(DECISIONS) parts: Parts) {
    this.#parts = parts;
  }

  @Post()
  @Allow('internal.decide')
  @HttpCode(200)
  async decide(@Req() request: FastifyRequest): Promise<DecisionsAnswer> {
    const { context, journal } = this.#parts;
    const { intents, attempt, command, at, correlation, traceparent, ...asked } = questionOf(request, QUESTION);
    const actor = defined(asked.actor) as WriteIntent['command']['actor'];
    const wanted = intents.map(({ text, ...intent }): WriteIntent => {
      const resource = text === undefined ? {} : { resource: { text, value: JSON.parse(text) as never } };
      return { ...(defined(intent) as WriteIntent), ...resource, command: { id: command, at, actor } };
    });
    const decided = await context.decide(wanted, attempt);
    const all = decided.flatMap((one): readonly Pending[] => (one.ok ? one.pending : []));
    const work = { command, at, actor, correlation, ...(traceparent !== undefined && { traceparent }) };
    const writes = (await journal.seal(all, work, context.name)).map(writeSealed);
    let taken = 0;
    const sealed = (one: Unsealed): SealedDecision =>
      one.ok ? { ...one, pending: writes.slice(taken, (taken += one.pending.length)) } : one;
    return { decided: decided.map(sealed) };
  }
}

/** What zod calls optional is there or it is not. */
const defined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));

class DecisionsModule {}

/** Lets the gateway ask the context for decisions. */
export function decisionsModule(parts: Parts): DynamicModule {
  return {
    module: DecisionsModule,
    controllers: [DecisionsController],
    providers: [{ provide: DECISIONS, useValue: parts }],
  };
}
