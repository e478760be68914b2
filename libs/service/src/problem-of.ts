import { Fault } from '@anamnesis/kernel';
import { HttpException } from '@nestjs/common';
import { type Problem, ProblemError } from './problem.ts';
import { FAULT_PROBLEMS, HTTP_PROBLEMS } from './problems.ts';

const BY_FRAMEWORK_CODE: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: HTTP_PROBLEMS['body-too-large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: HTTP_PROBLEMS['unsupported-media-type'],
  FST_ERR_MAX_PARAM_LENGTH: HTTP_PROBLEMS['url-too-long'],
};

const BY_STATUS: ReadonlyMap<number, Problem> = new Map(
  Object.values(HTTP_PROBLEMS).map((problem) => [problem.status, problem]),
);

/** What an error answers over HTTP; anything unknown is a bug, with a fixed text. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Fault) return FAULT_PROBLEMS[error.code];
  const framework = frameworkError(error);
  if (framework === undefined) return HTTP_PROBLEMS.bug;
  const known = BY_FRAMEWORK_CODE[framework.code] ?? BY_STATUS.get(framework.status);
  if (known !== undefined) return known;
  return framework.status < 500 ? { ...HTTP_PROBLEMS['bad-request'], status: framework.status } : HTTP_PROBLEMS.bug;
}

/** Fastify's own errors carry a code `FST_...` and a status; Nest's are HttpExceptions. Their texts are not used. */
function frameworkError(error: unknown): { readonly status: number; readonly code: string } | undefined {
  if (error instanceof HttpException) return { status: error.getStatus(), code: '' };
  if (!(error instanceof Error) || !('code' in error) || !('statusCode' in error)) return undefined;
  if (typeof error.code !== 'string' || typeof error.statusCode !== 'number') return undefined;
  return error.code.startsWith('FST_') ? { status: error.statusCode, code: error.code } : undefined;
}
