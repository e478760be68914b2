/**
 * Resolves the FHIRPath expressions of R4's search parameters to typed element paths, at generation time.
 *
 * R4 uses a small part of FHIRPath in them: member paths joined by `|`, `as`, `.as()`, `.where(x='y')`,
 * `.where(resolve() is X)`, `[0]`, `.exists()`. What falls outside is an error here, so nothing is dropped in silence.
 */
import type { ElementIndex, Typed } from './search-elements.ts';

/** One typed leaf: `path` from the resource (or the composite's root) with choice elements already concrete. */
export interface LeafPath {
  readonly path: string;
  readonly type: string;
  /** `resolve() is X`: only references to X. */
  readonly only?: string;
  /** The one code system of a required binding, for elements of type `code`. */
  readonly system?: string;
}

interface Step {
  readonly at: Typed;
  readonly path: string;
}

/** The branches of a union at the top level of parentheses. */
export function branches(expression: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < expression.length; i++) {
    if (expression[i] === '(') depth++;
    else if (expression[i] === ')') depth--;
    else if (expression[i] === '|' && depth === 0) {
      found.push(expression.slice(from, i).trim());
      from = i + 1;
    }
  }
  return [...found, expression.slice(from).trim()];
}

/** Whether the branch speaks of this type: `Patient.name`, `(Patient.deceased as dateTime)`, or a bare member. */
export const concerns = (branch: string, type: string): boolean => {
  const head = /^\(?\s*([A-Za-z]+)/.exec(branch)?.[1] ?? '';
  return head === type || /^[a-z]/.test(head);
};

/** The leaves of one branch, starting from `root` (a resource type or an element inside it). */
export function resolve(branch: string, root: Typed, type: string, elements: ElementIndex): LeafPath[] {
  if (branch === 'Patient.deceased.exists() and Patient.deceased != false') return [{ path: '', type: 'deceased' }];
  let steps: Step[] = [{ at: root, path: '' }];
  let only: string | undefined;
  for (const token of tokens(branch, type)) {
    if (token.startsWith('where(resolve() is ')) only = token.slice('where(resolve() is '.length, -1);
    else if (token.startsWith('where('))
      steps = steps.map((step) => ({ at: step.at, path: step.path + predicate(token) }));
    else if (token.startsWith('as(')) steps = narrow(steps, token.slice(3, -1));
    else if (token === '[0]') steps = steps.map((step) => ({ at: step.at, path: `${step.path}[0]` }));
    else steps = steps.flatMap((step) => member(step, token, elements));
    if (steps.length === 0) throw new Error(`No such element: ${branch}`);
  }
  return steps.map(({ at, path }) => ({
    path: path.slice(1),
    type: at.type,
    ...(only === undefined ? {} : { only }),
    ...(at.system === undefined ? {} : { system: at.system }),
  }));
}

/** `(X.y.z as T).w` and `X.y.as(T)` become the same list of tokens: y, z, as(T), w. */
function tokens(branch: string, type: string): string[] {
  const cast = /^\(([^()]+?) as ([A-Za-z]+)\)(.*)$/.exec(branch);
  const plain = cast ? `${cast[1]}.as(${cast[2]})${cast[3]}` : branch;
  const found = plain.match(/where\((?:[^()]|\(\))*\)|as\([A-Za-z]+\)|\[0\]|[A-Za-z]+/g) ?? [];
  if (found.join('.').replaceAll('.[', '[') !== plain) throw new Error(`Beyond the supported FHIRPath: ${branch}`);
  return found[0] === type ? found.slice(1) : found;
}

function predicate(token: string): string {
  const match = /^where\(([a-z]+)='([a-z-]+)'\)$/.exec(token);
  if (!match) throw new Error(`Beyond the supported FHIRPath: ${token}`);
  return `?${match[1]}=${match[2]}`;
}

/** FHIR's own expressions write `DateTime` once where the type is `dateTime`. */
function narrow(steps: Step[], wanted: string): Step[] {
  return steps.filter(({ at }) => at.type.toLowerCase() === wanted.toLowerCase());
}

function member(step: Step, name: string, elements: ElementIndex): Step[] {
  return elements.member(step.at, name).map((at) => ({ at, path: `${step.path}.${at.property}` }));
}
