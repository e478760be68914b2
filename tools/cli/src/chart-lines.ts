import type { Resource } from './fhir-pages.ts';

/** One line of a printed chart. */
export interface ChartLine {
  readonly when: string;
  readonly type: string;
  readonly what: string;
  readonly value: string;
  readonly status: string;
}

/** Where the R4 types keep their clinical time; the first that is there counts. */
const TIMES = [
  ...[
    'effectiveDateTime',
    'effectiveInstant',
    'effectivePeriod',
    'performedDateTime',
    'performedPeriod',
    'onsetDateTime',
  ],
  ...[
    'onsetPeriod',
    'occurrenceDateTime',
    'occurrencePeriod',
    'authoredOn',
    'period',
    'billablePeriod',
    'recordedDate',
  ],
  ...['started', 'startDate', 'created', 'issued', 'date', 'birthDate'],
];
/** Where they say what they are about. */
const CONCEPTS = [
  'code',
  'vaccineCode',
  'medicationCodeableConcept',
  'type',
  'class',
  'category',
  'description',
  'title',
  'name',
];

export function chartLine(resource: Resource): ChartLine {
  return {
    when: timeOf(resource),
    type: resource.resourceType,
    what: first(CONCEPTS, (name) => conceptText(resource[name])),
    value: valueOf(resource),
    status: textOf(resource['status']) || conceptText(resource['clinicalStatus']),
  };
}

/** Newest last; what has no time stands first. */
export function inOrder(lines: readonly ChartLine[]): ChartLine[] {
  return [...lines].sort((a, b) => (a.when < b.when ? -1 : a.when > b.when ? 1 : a.type < b.type ? -1 : 1));
}

/** A person in one line: name, sex, date of birth. */
export function personLine(patient: Resource): string {
  const [name] = list(patient['name']) as { text?: string; given?: string[]; family?: string }[];
  const called = name?.text ?? [...(name?.given ?? []), name?.family ?? ''].join(' ').trim();
  return [called || 'no name', textOf(patient['gender']), textOf(patient['birthDate'])].filter(Boolean).join(', ');
}

function timeOf(resource: Resource): string {
  return first(TIMES, (name) => {
    const value = resource[name];
    if (typeof value === 'string') return value;
    return value === null || typeof value !== 'object' ? '' : textOf((value as { start?: unknown }).start);
  });
}

function valueOf(resource: Resource): string {
  const parts = list(resource['component']) as Record<string, unknown>[];
  if (parts.length > 0) return parts.map(valueOfOne).filter(Boolean).join(' / ');
  return valueOfOne(resource);
}

function valueOfOne(holder: Readonly<Record<string, unknown>>): string {
  const quantity = (holder['valueQuantity'] ?? holder['total']) as
    { value?: unknown; unit?: string; currency?: string } | undefined;
  if (quantity?.value !== undefined)
    return `${numberText(quantity.value)} ${quantity.unit ?? quantity.currency ?? ''}`.trim();
  return textOf(holder['valueString']) || conceptText(holder['valueCodeableConcept']);
}

/** A number read exactly is an object that only JSON.stringify can show. */
const numberText = (value: unknown): string => JSON.stringify(value) ?? '';

function conceptText(value: unknown): string {
  if (typeof value === 'string') return value;
  const [one] = list(value) as { text?: string; display?: string; code?: string; coding?: unknown }[];
  if (one === undefined || one === null) return '';
  return one.text ?? one.display ?? (one.coding === undefined ? textOf(one.code) : conceptText(one.coding));
}

function first(names: readonly string[], read: (name: string) => string): string {
  for (const name of names) {
    const found = read(name);
    if (found !== '') return found;
  }
  return '';
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
