import type { JsonProblem } from './json/index.ts';
import type { OperationOutcome, OutcomeIssue } from './types.ts';

/** Anything that can be told as an issue; `Issue` of validation is one. */
export interface OutcomeSource {
  readonly severity?: OutcomeIssue['severity'];
  /** A code of http://hl7.org/fhir/issue-type. */
  readonly code: string;
  readonly diagnostics: string;
  /** FHIRPath of what is meant. */
  readonly expression?: string | readonly string[];
  /** This project's own code for it, as docs/errors.md lists it. */
  readonly messageCode?: string;
}

export const MESSAGE_CODES = 'urn:anamnesis:message';

/** An OperationOutcome of the given issues; with none, one that says that all is well. */
export function operationOutcome(issues: readonly OutcomeSource[]): OperationOutcome {
  if (issues.length > 0) return { resourceType: 'OperationOutcome', issue: issues.map(outcomeIssue) };
  const fine = { severity: 'information', code: 'informational', diagnostics: 'No issues were found.' } as const;
  return { resourceType: 'OperationOutcome', issue: [fine] };
}

function outcomeIssue({ severity, code, diagnostics, expression, messageCode }: OutcomeSource): OutcomeIssue {
  return {
    severity: severity ?? 'error',
    code,
    ...(messageCode === undefined ? {} : { details: { coding: [{ system: MESSAGE_CODES, code: messageCode }] } }),
    diagnostics,
    ...(expression === undefined ? {} : { expression: typeof expression === 'string' ? [expression] : expression }),
  };
}

/** A refused text as an issue: the place by line and column, and by expression where it is known. */
export function jsonIssue({ code, message, line, column, expression }: JsonProblem): OutcomeSource {
  const place = line === undefined || column === undefined ? '' : ` (line ${line}, column ${column})`;
  return {
    severity: 'error',
    code: code === 'json-depth' ? 'too-costly' : 'structure',
    messageCode: code,
    diagnostics: message + place,
    ...(expression === undefined ? {} : { expression }),
  };
}
