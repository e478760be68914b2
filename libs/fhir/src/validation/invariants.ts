import { compileTest, type Env, UnsupportedExpression } from '../fhirpath/index.ts';
import { type Constraint, CONSTRAINTS } from '../generated/constraints.ts';

export interface Invariant {
  readonly key: string;
  /** R4's own words for it. */
  readonly human: string;
  readonly holds: (value: unknown, env: Env) => boolean;
}

/**
 * Invariants that the walk itself checks, for speed or because FHIRPath over plain JSON cannot say them.
 * ele-1 is not in the table; `isEmptyElement` of the walk is it.
 */
export const BUILT_IN: ReadonlySet<string> = new Set(['ext-1', 'ref-1', 'dom-3', 'txt-1', 'txt-2', 'per-1']);

/** Invariants left out, with the reason. */
export const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ['ctm-1', 'needs resolve(), the state of another resource'],
]);

let byPath: Map<string, Constraint[]> | undefined;

function constraintsAt(path: string): readonly Constraint[] {
  byPath ??= Map.groupBy(CONSTRAINTS, (constraint) => constraint.path);
  return byPath.get(path) ?? [];
}

const compiled = new Map<string, Invariant[]>();

/** The invariants stated on a type or an element, compiled at their first use. */
export function invariantsAt(path: string): readonly Invariant[] {
  const known = compiled.get(path);
  if (known !== undefined) return known;
  const invariants: Invariant[] = [];
  for (const { key, expression, human } of constraintsAt(path)) {
    if (BUILT_IN.has(key) || LEFT_OUT.has(key)) continue;
    const holds = compileOrSkip(expression);
    if (holds !== undefined) invariants.push({ key, human, holds });
  }
  compiled.set(path, invariants);
  return invariants;
}

function compileOrSkip(expression: string): Invariant['holds'] | undefined {
  try {
    return compileTest(expression);
  } catch (error) {
    if (error instanceof UnsupportedExpression) return undefined;
    throw error;
  }
}

/** Every invariant of the definitions and how it is checked; for the documentation and its test. */
export function invariantCoverage(): {
  constraint: Constraint;
  checked: 'compiled' | 'built in' | 'no';
  why?: string;
}[] {
  return CONSTRAINTS.map((constraint) => {
    if (BUILT_IN.has(constraint.key)) return { constraint, checked: 'built in' };
    const reason = LEFT_OUT.get(constraint.key);
    if (reason !== undefined) return { constraint, checked: 'no', why: reason };
    try {
      compileTest(constraint.expression);
      return { constraint, checked: 'compiled' };
    } catch (error) {
      if (error instanceof UnsupportedExpression) return { constraint, checked: 'no', why: error.message };
      throw error;
    }
  });
}
