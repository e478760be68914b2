import type { FaultCode, Refusal } from '@anamnesis/kernel';
import type { IssueType, Problem } from './problem.ts';

function problem(status: number, code: string, title: string, issue: IssueType, retryAfter?: number): Problem {
  return { status, code, title, issue, ...(retryAfter !== undefined && { retryAfter }) };
}

/** What each fault answers. Total over FaultCode: a new code does not compile without its row. */
export const FAULT_PROBLEMS: Readonly<Record<FaultCode, Problem>> = {
  'store-unavailable': problem(503, 'store-unavailable', 'The event store does not answer.', 'transient', 2),
  'store-full': problem(507, 'store-full', 'The disk of the event store is full.', 'no-store'),
  'store-read-only': problem(503, 'store-read-only', 'The data folder cannot be written.', 'no-store'),
  'store-corrupt': problem(500, 'store-corrupt', 'The event store found its own data damaged.', 'exception'),
  'store-in-use': problem(503, 'store-in-use', 'Another process holds the data folder.', 'lock-error', 5),
  'vault-unavailable': problem(503, 'vault-unavailable', 'The key vault does not answer.', 'transient', 2),
  'vault-key-wrong': problem(503, 'vault-key-wrong', 'The key file does not fit the data folder.', 'security'),
  'key-destroyed': problem(410, 'key-destroyed', 'This record was erased.', 'deleted'),
  'event-altered': problem(500, 'event-altered', 'A stored event was altered and cannot be opened.', 'security'),
  'ledger-unavailable': problem(
    503,
    'ledger-unavailable',
    'The ledger of erasures cannot be read or written.',
    'no-store',
    5,
  ),
  'ledger-altered': problem(503, 'ledger-altered', 'The ledger of erasures was altered.', 'security'),
  'bus-unavailable': problem(503, 'bus-unavailable', 'The event bus does not answer.', 'transient', 2),
  'read-model-behind': problem(
    504,
    'read-model-behind',
    'The read model did not reach the position asked for in time.',
    'timeout',
    1,
  ),
  'read-model-unavailable': problem(503, 'read-model-unavailable', 'The read model does not answer.', 'transient', 2),
  'identity-unavailable': problem(
    503,
    'identity-unavailable',
    'The identity provider does not answer.',
    'transient',
    2,
  ),
  'service-unavailable': problem(
    503,
    'service-unavailable',
    'A service of the record does not answer.',
    'transient',
    2,
  ),
  'conflict-persists': problem(
    409,
    'conflict-persists',
    'Others keep writing the same record; try again.',
    'conflict',
    1,
  ),
  overloaded: problem(503, 'overloaded', 'The service is at its limit; try again shortly.', 'throttled', 1),
  stopping: problem(503, 'stopping', 'The service is stopping.', 'transient', 5),
};

/** What the HTTP layer itself answers, by code. */
export const HTTP_PROBLEMS = {
  'bad-request': problem(400, 'bad-request', 'The request cannot be understood.', 'invalid'),
  unauthenticated: problem(401, 'unauthenticated', 'A valid access token is needed.', 'login'),
  forbidden: problem(403, 'forbidden', 'The caller may not do this.', 'forbidden'),
  'not-found': problem(404, 'not-found', 'There is nothing at this address.', 'not-found'),
  'method-not-allowed': problem(405, 'method-not-allowed', 'This address does not serve that method.', 'not-supported'),
  'not-acceptable': problem(406, 'not-acceptable', 'No format that was asked for is served.', 'not-supported'),
  'request-timeout': problem(408, 'request-timeout', 'The request took too long to arrive.', 'timeout'),
  'body-too-large': problem(413, 'body-too-large', 'The request body is over the limit.', 'too-costly'),
  'url-too-long': problem(414, 'url-too-long', 'A part of the address is too long.', 'too-long'),
  'unsupported-media-type': problem(
    415,
    'unsupported-media-type',
    'This content type is not accepted.',
    'not-supported',
  ),
  bug: problem(
    500,
    'bug',
    'Something went wrong that is not your fault; report it with the correlation id.',
    'exception',
  ),
} as const satisfies Readonly<Record<string, Problem>>;

/** The HTTP side of one refusal code; codes and texts come from the refusal itself. */
export interface RefusalAnswer {
  readonly status: 400 | 403 | 404 | 409 | 410 | 412 | 422 | 423;
  readonly issue: IssueType;
}

/** A context's table from refusals to problems; it must have a row for every code of the closed union. */
export function refusalProblems<R extends Refusal>(
  answers: Readonly<Record<R['code'], RefusalAnswer>>,
): (refusal: R) => Problem {
  return (refusal) => ({
    ...answers[refusal.code as R['code']],
    code: refusal.code,
    title: refusal.message,
    ...(refusal.expressions && { expressions: refusal.expressions }),
  });
}
