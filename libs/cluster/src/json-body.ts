import { HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';

/** The JSON body of a question between services; `parse` where the text is more than plain JSON. */
export function questionOf<T>(
  request: Pick<FastifyRequest, 'body'>,
  shape: z.ZodType<T>,
  parse: (text: string) => unknown = JSON.parse,
): T {
  let value: unknown;
  try {
    value = parse(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
  } catch {
    throw new ProblemError(HTTP_PROBLEMS['bad-request']);
  }
  const parsed = shape.safeParse(value);
  if (!parsed.success) throw new ProblemError(HTTP_PROBLEMS['bad-request']);
  return parsed.data;
}
