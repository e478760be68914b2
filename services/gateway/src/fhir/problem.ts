import type { RecordRefusal, RecordRefusalCode } from '@anamnesis/records';
import type { IssueType } from '@anamnesis/service';

/** FHIR issue types (http://hl7.org/fhir/R4/valueset-issue-type.html). */
export type IssueCode = IssueType | 'informational';

export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: IssueCode;
  /** A constant sentence; never what the client sent. */
  readonly diagnostics: string;
  readonly expression?: readonly string[];
  /** Our own code, where there is one; docs/errors.md lists them. */
  readonly details?: { readonly coding: readonly { readonly system: string; readonly code: string }[] };
}

/** Ends an interaction with an OperationOutcome. */
export class FhirProblem extends Error {
  override readonly name = 'FhirProblem';
  readonly status: number;
  readonly issues: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, issues: readonly Issue[], headers: Readonly<Record<string, string>> = {}) {
    super(issues[0]?.diagnostics ?? 'problem');
    this.status = status;
    this.issues = issues;
    this.headers = headers;
  }
}

export function problem(
  status: number,
  code: IssueCode,
  diagnostics: string,
  expression?: readonly string[],
): FhirProblem {
  return new FhirProblem(status, [
    { severity: 'error', code, diagnostics, ...(expression && expression.length > 0 && { expression }) },
  ]);
}

/** A code of docs/errors.md as a FHIR CodeableConcept. */
export const codedAs = (code: string) => ({ coding: [{ system: 'urn:anamnesis:problem', code }] });

export function outcomeText(issues: readonly Issue[]): string {
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: issues });
}

/** How each refusal of a context answers over FHIR. Exhaustive by type: a new refusal does not compile without one. */
const REFUSALS: Readonly<Record<RecordRefusalCode, readonly [number, IssueCode]>> = {
  'version-conflict': [412, 'conflict'],
  'not-found': [404, 'not-found'],
  'entered-in-error': [422, 'business-rule'],
  signed: [409, 'business-rule'],
  merged: [422, 'business-rule'],
  'merge-into-itself': [422, 'business-rule'],
  'merge-target-merged': [422, 'business-rule'],
  'not-merged': [422, 'business-rule'],
  'duplicate-identifier': [409, 'duplicate'],
  'not-admitted': [422, 'business-rule'],
  'already-admitted': [422, 'business-rule'],
  'encounter-ended': [422, 'business-rule'],
  'status-change': [422, 'business-rule'],
};

export function refused({ code, message, expressions }: RecordRefusal): FhirProblem {
  const [status, issue] = REFUSALS[code];
  const told = { severity: 'error', code: issue, diagnostics: message, details: codedAs(code) } as const;
  return new FhirProblem(status, [{ ...told, ...(expressions && { expression: expressions }) }]);
}
