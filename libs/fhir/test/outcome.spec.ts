import { describe, expect, it } from '@jest/globals';
import { jsonIssue, operationOutcome } from '../src/outcome.ts';
import { parseJson } from '../src/json/index.ts';
import { validateResource } from '../src/validation/index.ts';

describe('an OperationOutcome', () => {
  it('tells the issues of a validation, and is sound itself', () => {
    const outcome = operationOutcome(validateResource({ resourceType: 'Patient', active: 1 }));
    expect(outcome).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'structure',
          details: { coding: [{ system: 'urn:anamnesis:message', code: 'wrong-json-type' }] },
          diagnostics: 'The value has the wrong JSON type.',
          expression: ['Patient.active'],
        },
      ],
    });
    expect(validateResource(outcome)).toEqual([]);
  });

  it('tells that all is well', () => {
    const outcome = operationOutcome([]);
    expect(outcome.issue).toMatchObject([{ severity: 'information', code: 'informational' }]);
    expect(validateResource(outcome)).toEqual([]);
  });

  it('tells where a text is no JSON', () => {
    const issue = (text: string | Uint8Array) => {
      const { problem } = parseJson(text, { depth: 2 });
      if (problem === undefined) throw new Error('accepted');
      return operationOutcome([jsonIssue(problem)]).issue[0];
    };
    expect(issue('{"a":1,\n"a":2}')).toMatchObject({
      code: 'structure',
      diagnostics: expect.stringContaining('(line 2, column 1)'),
    });
    expect(issue('[[[1]]]')).toMatchObject({ code: 'too-costly', details: { coding: [{ code: 'json-depth' }] } });
    expect(issue(new Uint8Array([0xff]))?.diagnostics).toBe('The body is not valid UTF-8.');
  });
});
