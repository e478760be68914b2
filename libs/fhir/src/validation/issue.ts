/** The codes of http://hl7.org/fhir/issue-type that validation uses. */
export type IssueType =
  'structure' | 'required' | 'value' | 'invariant' | 'code-invalid' | 'too-costly' | 'not-supported';

export type IssueCode = keyof typeof ISSUES;

export interface Issue {
  readonly severity: 'error' | 'warning';
  readonly code: IssueType;
  /** FHIRPath from the resource, such as `Patient.name[0].given[1]`. Holds no data. */
  readonly expression: string;
  readonly messageCode: IssueCode;
  /** A constant sentence; for an invariant, its key and R4's own text. */
  readonly diagnostics: string;
}

/** What validation can find, with FHIR's issue type and the sentence told. */
export const ISSUES = {
  'unknown-resource-type': ['not-supported', 'The resource type is missing, or R4 does not define it.'],
  'unexpected-resource-type': ['structure', 'The resource is of another type than was asked for.'],
  'unknown-element': ['structure', 'R4 does not define an element of this name here.'],
  'not-an-object': ['structure', 'The element must be a JSON object.'],
  'not-an-array': ['structure', 'The element repeats: it must be a JSON array.'],
  'not-repeating': ['structure', 'The element does not repeat: it must not be a JSON array.'],
  'empty-array': ['structure', 'An array must not be empty.'],
  'empty-object': ['structure', 'An element must have a value or children besides its id (ele-1).'],
  'null-value': ['structure', 'A null stands only in an array beside an extension of the same index.'],
  'missing-element': ['required', 'The element is mandatory.'],
  'two-choices': ['structure', 'Only one type of a choice may be present.'],
  'wrong-json-type': ['structure', 'The value has the wrong JSON type.'],
  'bad-value': ['value', 'The value is not in the form or range of its type.'],
  'code-not-bound': ['code-invalid', 'The code is not in the value set that R4 requires here.'],
  'wrong-target': ['value', 'The reference must not refer to a resource of this type.'],
  'unsafe-narrative': ['invariant', 'The narrative has content that R4 does not allow (txt-1, txt-2).'],
  'invariant-broken': ['invariant', 'An invariant does not hold.'],
  'too-many-issues': ['too-costly', 'There are more faults than are listed here.'],
} as const satisfies Record<string, readonly [IssueType, string]>;

export function issue(messageCode: IssueCode, expression: string, diagnostics?: string): Issue {
  const [code, sentence] = ISSUES[messageCode];
  return { severity: 'error', code, expression, messageCode, diagnostics: diagnostics ?? sentence };
}
