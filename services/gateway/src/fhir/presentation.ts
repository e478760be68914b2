import { parseJson } from '@anamnesis/fhir/json';
import { summarise, type SummaryMode } from '@anamnesis/fhir';
import { parameter, type FhirRequest } from './exchange.ts';
import { problem } from './problem.ts';

const FORMATS = /^(json|application\/(fhir\+)?json|text\/json)$/i;
const SUMMARIES = new Set(['true', 'false', 'text', 'data', 'count']);

/** How a request wants resources to look: `_summary` and `_elements` (R4 search.html#elements). */
export interface Shape {
  /** Undefined: whole. */
  readonly mode?: SummaryMode;
  readonly countOnly: boolean;
}

/** Reads `_summary`, `_elements` and `_format`; throws for what is not served. */
export function shapeOf(request: FhirRequest): Shape {
  const format = parameter(request, '_format') ?? acceptedFormat(request.headers['accept']);
  if (format !== undefined && !FORMATS.test(format.replace(' ', '+').split(';')[0]!.trim())) {
    throw problem(406, 'not-supported', 'Only JSON is served: application/fhir+json.');
  }
  const summary = parameter(request, '_summary');
  if (summary !== undefined && !SUMMARIES.has(summary)) {
    throw problem(400, 'value', '_summary is true, text, data, count or false.', ['http._summary']);
  }
  const elements = request.query.filter(([name]) => name === '_elements').flatMap(([, value]) => value.split(','));
  if (elements.length > 0) return { mode: { elements: elements.map((element) => element.trim()) }, countOnly: false };
  if (summary === undefined || summary === 'false') return { countOnly: false };
  if (summary === 'count') return { countOnly: true };
  return { mode: { summary: summary as 'true' | 'text' | 'data' }, countOnly: false };
}

/** The first media type that a client insists on, when it takes no JSON. */
function acceptedFormat(accept: string | undefined): string | undefined {
  if (accept === undefined || /json|\*\/\*|application\/\*/i.test(accept)) return undefined;
  return accept.split(',')[0];
}

/** A stored text in the shape that was asked for. */
export function present(text: string, { mode }: Shape): string {
  if (mode === undefined) return text;
  const parsed = parseJson(text);
  if (parsed.problem) throw new TypeError('a stored version is no JSON');
  return JSON.stringify(summarise(parsed.exact, mode));
}

/** Indents an answer when `_pretty=true`; decimals keep their form. */
export function pretty(request: Pick<FhirRequest, 'query'>, body: string): string {
  if (parameter(request, '_pretty') !== 'true') return body;
  const parsed = parseJson(body, { depth: 1_000 });
  return parsed.problem ? body : JSON.stringify(parsed.exact, undefined, 2);
}
