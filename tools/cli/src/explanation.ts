import { printable } from './terminal.ts';

/** Why, in one line: from an OperationOutcome (R4), a problem document (RFC 9457), or the text itself. */
export function explanation(text: string): string {
  const said = fromJson(text) ?? text;
  const line = printable(said).replace(/\s+/g, ' ').trim();
  if (line === '') return 'no reason given';
  return line.length > 400 ? `${line.slice(0, 399)}…` : line;
}

interface Issue {
  readonly severity?: string;
  readonly code?: string;
  readonly diagnostics?: string;
  readonly details?: { readonly text?: string };
  readonly expression?: readonly string[];
}

/** What to do about a problem, by its code (docs/errors.md), where its own words do not say. */
const ADVICE: Readonly<Record<string, string>> = {
  'erasure-retention-not-configured':
    'Start the record with ANAMNESIS_RETENTION_CLINICAL_YEARS and ANAMNESIS_RETENTION_FINANCIAL_YEARS set.',
};

function fromJson(text: string): string | undefined {
  let body: { issue?: readonly Issue[]; detail?: string; title?: string; code?: string } | null;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return undefined;
  }
  if (Array.isArray(body?.issue)) return issues(body.issue as readonly Issue[]);
  const said = body?.detail ?? body?.title;
  const advice = ADVICE[body?.code ?? ''];
  return said === undefined || advice === undefined ? said : `${said} ${advice}`;
}

function issues(all: readonly Issue[]): string {
  const errors = all.filter((issue) => issue.severity !== 'information' && issue.severity !== 'warning');
  const told = (errors.length > 0 ? errors : all).slice(0, 3).map((issue) => {
    const what = issue.details?.text ?? issue.diagnostics ?? issue.code ?? 'refused';
    return issue.expression === undefined ? what : `${what} (${issue.expression.join(', ')})`;
  });
  const more = errors.length - told.length;
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
