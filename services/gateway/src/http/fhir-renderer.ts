import { outcomeText } from '../fhir/problem.ts';
import type { ProblemRenderer } from '@anamnesis/service';

/** What is refused before the FHIR server is reached is told as an OperationOutcome, too. */
export const fhirRenderer: ProblemRenderer = {
  prefix: '/fhir',
  render: ({ title, issue, code, expressions }, correlation) => ({
    contentType: 'application/fhir+json; charset=utf-8',
    body: outcomeText([
      {
        severity: 'error',
        code: issue,
        diagnostics: code === 'bug' ? `${title} Its id is ${correlation}.` : title,
        ...(expressions && { expression: expressions }),
      },
    ]),
  }),
};
