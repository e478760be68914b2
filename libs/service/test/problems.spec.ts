import { describe, expect, it } from '@jest/globals';
import { Fault, type FaultCode, type Refusal } from '@anamnesis/kernel';
import { HttpException, NotFoundException } from '@nestjs/common';
import {
  FAULT_PROBLEMS,
  HTTP_PROBLEMS,
  problemDocument,
  ProblemError,
  problemOf,
  refusalProblems,
} from '../src/index.ts';

describe('problemOf', () => {
  it.each(Object.keys(FAULT_PROBLEMS) as FaultCode[])('answers the fault %s under its own code', (code) => {
    expect(problemOf(new Fault(code, 'Mustermann'))).toBe(FAULT_PROBLEMS[code]);
    expect(FAULT_PROBLEMS[code].code).toBe(code);
    expect(FAULT_PROBLEMS[code].status).toBeGreaterThanOrEqual(400);
  });

  it('tells clients when to come back after what passes by itself', () => {
    expect(FAULT_PROBLEMS.overloaded).toMatchObject({ status: 503, retryAfter: 1 });
    expect(FAULT_PROBLEMS['read-model-behind'].status).toBe(504);
    expect(FAULT_PROBLEMS['store-full'].status).toBe(507);
  });

  it('answers a bug with a fixed text', () => {
    for (const bug of [new Error('Mustermann'), new TypeError('x'), 'Mustermann', undefined]) {
      expect(problemOf(bug)).toBe(HTTP_PROBLEMS.bug);
    }
  });

  it('answers what the framework refuses by its status, without its text', () => {
    expect(problemOf(new NotFoundException('Cannot GET /fhir/Patient/Mustermann'))).toBe(HTTP_PROBLEMS['not-found']);
    expect(problemOf(new HttpException('Mustermann', 418))).toMatchObject({ status: 418, code: 'bad-request' });
    expect(problemOf(new HttpException('Mustermann', 502))).toBe(HTTP_PROBLEMS.bug);
  });

  it('trusts a status only of the framework itself', () => {
    const foreign = Object.assign(new Error('Mustermann'), { statusCode: 404, code: 'ENOENT' });
    expect(problemOf(foreign)).toBe(HTTP_PROBLEMS.bug);
  });
});

describe('refusalProblems', () => {
  type DoseRefusal = Refusal<'OrderIsHeld'> | Refusal<'TooEarly'>;
  const answers = refusalProblems<DoseRefusal>({
    OrderIsHeld: { status: 409, issue: 'conflict' },
    TooEarly: { status: 422, issue: 'business-rule' },
  });

  it('gives each refusal its status and keeps its text and expressions', () => {
    const refusal: DoseRefusal = {
      code: 'TooEarly',
      message: 'The dose is not due.',
      expressions: ['MedicationAdministration.effective'],
    };
    const problem = answers(refusal);
    expect(problem).toEqual({
      status: 422,
      issue: 'business-rule',
      code: 'TooEarly',
      title: refusal.message,
      expressions: refusal.expressions,
    });
    expect(problemOf(new ProblemError(problem))).toBe(problem);
  });
});

describe('problemDocument', () => {
  it('has the members of RFC 9457 and the correlation', () => {
    expect(problemDocument(HTTP_PROBLEMS.forbidden, 'r-1')).toEqual({
      type: 'urn:anamnesis:problem:forbidden',
      title: HTTP_PROBLEMS.forbidden.title,
      status: 403,
      code: 'forbidden',
      correlation: 'r-1',
    });
  });
});
