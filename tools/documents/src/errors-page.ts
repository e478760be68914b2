import { ISSUES } from '@anamnesis/fhir/validation';
import { JSON_PROBLEMS } from '@anamnesis/fhir/json';
import { PATCH_PROBLEMS } from '@anamnesis/fhir/patch';
import { PATCH_STATUS, refused } from '@anamnesis/gateway-service';
import { PROOF_PROBLEMS } from '@anamnesis/audit-service';
import { CALLER_PROBLEMS } from '@anamnesis/identity';
import { complianceProblemOf, ERASURE_REFUSALS, HOLD_REFUSALS } from '@anamnesis/patients-service';
import { RECORD_REFUSALS, refusal, type RecordRefusalCode } from '@anamnesis/records';
import { FAULT_PROBLEMS, HTTP_PROBLEMS, type Problem } from '@anamnesis/service';
import {
  CALLER_ADVICE,
  ERASURE_ADVICE,
  FAULT_ADVICE,
  HOLD_ADVICE,
  HTTP_ADVICE,
  JSON_ADVICE,
  PATCH_ADVICE,
  PROOF_ADVICE,
  RECORD_ADVICE,
} from './advice.ts';
import {
  COMPLIANCE_TEXT,
  EXITS_TEXT,
  FAULTS_TEXT,
  INTRODUCTION,
  JSON_TEXT,
  PATCH_TEXT,
  REFUSALS_TEXT,
  SEARCH_TEXT,
  VALIDATION_TEXT,
} from './errors-text.ts';
import { cell, generatedBy, table } from './markdown.ts';

type Row = readonly [code: string, status: string, issue: string, says: string, todo: string];

const HEAD = ['code', 'status', 'issue type', 'says', 'what to do'] as const;

/** `docs/errors.md`: every code, from the tables that answers are made of. */
export function errorsPage(): string {
  return [
    generatedBy('tools/documents/src/errors-page.ts'),
    INTRODUCTION,
    section('Refusals', REFUSALS_TEXT, recordRows()),
    section('Refusals of erasures and legal holds', COMPLIANCE_TEXT, complianceRows()),
    section('Who is asking', 'Answered before anything is read.', callerRows()),
    section('Proofs', 'Told by `/audit/proof/inclusion` and `/audit/proof/consistency`.', proofRows()),
    section('Faults', FAULTS_TEXT, problemRows(Object.values(FAULT_PROBLEMS), FAULT_ADVICE)),
    section('HTTP', 'Answered by the HTTP layer itself.', problemRows(Object.values(HTTP_PROBLEMS), HTTP_ADVICE)),
    section('JSON', JSON_TEXT, jsonRows()),
    section('JSON Patch', PATCH_TEXT, patchRows()),
    `## Validation\n\n${VALIDATION_TEXT}\n\n${table(['code', 'issue type', 'says'], validationRows())}`,
    SEARCH_TEXT,
    EXITS_TEXT,
  ].join('\n\n');
}

const section = (title: string, text: string, rows: readonly Row[]): string =>
  `## ${title}\n\n${text}\n\n${table(HEAD, rows)}`;

function recordRows(): Row[] {
  return (Object.keys(RECORD_REFUSALS) as RecordRefusalCode[]).map((code) => {
    const { status, issues } = refused(refusal(code));
    return [cell(code), String(status), issues[0]!.code, issues[0]!.diagnostics, RECORD_ADVICE[code]];
  });
}

function complianceRows(): Row[] {
  const erasures = keysOf(ERASURE_REFUSALS).map((code): Row => {
    const { status, issue, title } = complianceProblemOf({ code, message: ERASURE_REFUSALS[code] });
    return [cell(code), String(status), issue, title, ERASURE_ADVICE[code]];
  });
  const holds = keysOf(HOLD_REFUSALS).map((code): Row => {
    const { status, issue, title } = complianceProblemOf({ code, message: HOLD_REFUSALS[code] });
    return [cell(code), String(status), issue, title, HOLD_ADVICE[code]];
  });
  return [...erasures, ...holds];
}

function callerRows(): Row[] {
  return CALLER_PROBLEMS.map((problem) => rowOf(problem, CALLER_ADVICE[problem.code]));
}

const proofRows = (): Row[] => PROOF_PROBLEMS.map((problem) => rowOf(problem, PROOF_ADVICE[problem.code]));

function problemRows(problems: readonly Problem[], advice: Readonly<Record<string, string>>): Row[] {
  return problems.map((problem) => rowOf(problem, advice[problem.code]!));
}

const rowOf = ({ code, status, issue, title }: Problem, todo: string): Row => [
  cell(code),
  String(status),
  issue,
  title,
  todo,
];

function jsonRows(): Row[] {
  return keysOf(JSON_PROBLEMS).map((code) => [cell(code), '400', 'structure', JSON_PROBLEMS[code], JSON_ADVICE[code]]);
}

function patchRows(): Row[] {
  return keysOf(PATCH_PROBLEMS).map((code) => {
    return [cell(code), String(PATCH_STATUS[code]), 'processing', PATCH_PROBLEMS[code], PATCH_ADVICE[code]];
  });
}

const validationRows = (): string[][] =>
  Object.entries(ISSUES).map(([code, [issue, sentence]]) => [cell(code), issue, sentence]);

const keysOf = <C extends string>(record: Readonly<Record<C, string>>): C[] => Object.keys(record) as C[];
