import { Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import { questionOf } from '@anamnesis/cluster/protocol';
import type { DeadLetter, EventBus } from '@anamnesis/event-bus';
import { Allow } from '@anamnesis/identity';
import { HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

export const DEAD_LETTERS = Symbol('dead-letters');

export type DeadLetters = Pick<EventBus, 'listDeadLetters' | 'replayDeadLetters'>;

const LIMIT = z.coerce.number().int().min(1).max(10_000).default(100);
const GROUP = z
  .string()
  .regex(/^[a-z0-9.-]{1,100}$/)
  .optional();
const REPLAY = z.union([
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({ ids: z.array(z.string().min(1).max(200)).min(1).max(10_000) }),
]);

/** What is told of a letter: where it stands, never what is sealed in it. */
interface Told extends Omit<DeadLetter, 'event'> {
  readonly position: number;
  readonly stream: string;
  readonly type: string;
}

/** Events that a consumer could not take, set aside so that the rest went on; for operators. */
@Controller('admin/dead-letters')
export class DeadLettersController {
  readonly #letters: DeadLetters;

  constructor(@Inject(DEAD_LETTERS) letters: DeadLetters) {
    this.#letters = letters;
  }

  @Get()
  @Allow('dead-letters.read')
  async list(@Query() query: Readonly<Record<string, unknown>>): Promise<readonly Told[]> {
    const [limit, group] = [LIMIT.safeParse(query['limit']), GROUP.safeParse(query['group'])];
    if (!limit.success || !group.success) throw new ProblemError(HTTP_PROBLEMS['bad-request']);
    const asked = { limit: limit.data, ...(group.data !== undefined && { group: group.data }) };
    const letters = await this.#letters.listDeadLetters(asked);
    return letters.map(({ event: { position, stream, type }, ...letter }) => ({ ...letter, position, stream, type }));
  }

  /** Hands letters to their group again; each is gone from the list when the group has taken it. */
  @Post('replay')
  @Allow('dead-letters.replay')
  @HttpCode(200)
  async replay(@Req() request: FastifyRequest): Promise<{ readonly replayed: number }> {
    const asked = questionOf(request, REPLAY);
    return { replayed: await this.#letters.replayDeadLetters('all' in asked ? 'all' : asked.ids) };
  }
}
