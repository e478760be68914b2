/** What is wrong with a query. Texts are constants: a query may hold what a person is known by. */
export interface SearchIssue {
  /** Of OperationOutcome.issue.code. */
  readonly code: 'invalid' | 'value' | 'not-supported' | 'not-found' | 'too-costly' | 'processing';
  readonly diagnostics: string;
  /** `http.<parameter>` (R4 OperationOutcome.issue.expression). */
  readonly expression: string;
}

/** Ends the reading of one parameter; `parseSearch` turns it into an issue and never lets it out. */
export class QueryProblem extends Error {
  override readonly name = 'QueryProblem';
  readonly code: SearchIssue['code'];
  /** The parameter is not defined: ignored or refused, as the client chose. */
  readonly unknown: boolean;

  constructor(code: SearchIssue['code'], message: string, unknown = false) {
    super(message);
    this.code = code;
    this.unknown = unknown;
  }
}

export const unknownParameter = (): QueryProblem =>
  new QueryProblem('not-supported', 'This search parameter is not defined for the type.', true);
export const badModifier = (): QueryProblem =>
  new QueryProblem('not-supported', 'This modifier cannot be used with this search parameter.');
export const badValue = (message: string): QueryProblem => new QueryProblem('value', message);

/** Names are echoed only when they are made as names are made. */
export const expressionOf = (name: string): string => (/^[\w:.-]{1,120}$/.test(name) ? `http.${name}` : 'http');
