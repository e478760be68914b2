/**
 * What goes wrong over HTTP, before it is written as an RFC 9457 problem document or a FHIR OperationOutcome.
 * Texts are constants: nothing a client sent and nothing of a patient's is repeated.
 */
export interface Problem {
  readonly status: number;
  /** Stable, kebab-case; every code is listed in docs/errors.md. */
  readonly code: string;
  readonly title: string;
  /** The code of http://hl7.org/fhir/R4/valueset-issue-type.html that says the same. */
  readonly issue: IssueType;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number;
  /** The FHIRPath expressions of what was wrong in what the client sent. */
  readonly expressions?: readonly string[];
  /** Further response headers, such as WWW-Authenticate. */
  readonly headers?: Readonly<Record<string, string>>;
}

export type IssueType =
  | 'invalid'
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'security'
  | 'login'
  | 'unknown'
  | 'expired'
  | 'forbidden'
  | 'processing'
  | 'not-supported'
  | 'duplicate'
  | 'multiple-matches'
  | 'not-found'
  | 'deleted'
  | 'too-long'
  | 'code-invalid'
  | 'too-costly'
  | 'business-rule'
  | 'conflict'
  | 'transient'
  | 'lock-error'
  | 'no-store'
  | 'exception'
  | 'timeout'
  | 'incomplete'
  | 'throttled';

/** Carries a problem through the framework to the filter that writes it; the answer to a refusal, not a bug. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

/** The problem document of RFC 9457 section 3; `correlation` is what the logs know the request by. */
export function problemDocument(problem: Problem, correlation: string): Readonly<Record<string, unknown>> {
  return {
    type: `urn:anamnesis:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    code: problem.code,
    correlation,
    ...(problem.expressions && { expressions: problem.expressions }),
  };
}
