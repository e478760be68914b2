/** A parameter with its modifier and values as one condition (R4 search 3.1.1.4.4). */
import type { Condition } from '@anamnesis/read-store';
import { isResourceType, searchParameter } from './parameters.ts';
import type { SearchKind, SearchParameter } from './parameters.ts';
import type { QueryContext, SystemCode } from './query-context.ts';
import { badModifier, badValue, QueryProblem } from './query-issue.ts';
import { splitEscaped, unescaped } from './query-text.ts';
import { componentAsked, referenceCondition, searchText, tokenOf, valueCondition } from './query-values.ts';
import type { Asked } from './query-values.ts';
import { ofTypeCode } from './values.ts';

/** A parameter of a type with what was asked of it. */
export interface Question {
  readonly type: string;
  readonly parameter: SearchParameter;
  readonly modifier: string | undefined;
  /** The alternatives, still escaped. */
  readonly values: readonly string[];
}

type Modified = (question: Question, value: string, context: QueryContext) => Condition | Promise<Condition>;

export async function questionCondition(question: Question, context: QueryContext): Promise<Condition> {
  const { parameter, modifier, values } = question;
  if (modifier === undefined) return anyOf(values.map((value) => plain(parameter, value, context)));
  if (modifier === 'missing') return missing(parameter, values);
  const modified = MODIFIERS[parameter.kind]?.get(modifier) ?? ofTargetType(parameter, modifier);
  if (!modified) throw badModifier();
  const found: Condition[] = [];
  for (const value of values) found.push(await modified(question, value, context));
  // `:not` and `:not-in` also find what has no value at all.
  return modifier === 'not' || modifier === 'not-in' ? { not: anyOf(found) } : anyOf(found);
}

export const anyOf = (conditions: readonly Condition[]): Condition =>
  conditions.length === 1 ? conditions[0]! : { any: conditions };

export const asked = (parameter: SearchParameter): Asked => ({ ...parameter, param: parameter.name });

function plain(parameter: SearchParameter, value: string, context: QueryContext): Condition {
  if (parameter.kind !== 'composite') return valueCondition(asked(parameter), value, context);
  const parts = splitEscaped(value, '$');
  if (parts.length !== parameter.components.length || parts.includes('')) {
    throw badValue('A composite value has one part for each of its components, joined by $.');
  }
  return {
    composite: parameter.components.map((component, i) =>
      valueCondition(componentAsked(component), parts[i]!, context),
    ),
  };
}

/** Text and logical references alone count as present, though they have no entry under the plain name. */
function missing(parameter: SearchParameter, values: readonly string[]): Condition {
  const [value] = values;
  if (values.length !== 1 || (value !== 'true' && value !== 'false'))
    throw badValue('The value of :missing is true or false.');
  const names = presence(parameter);
  const conditions = names.map((param): Condition => ({ param, missing: value === 'true' }));
  if (conditions.length === 1) return conditions[0]!;
  return value === 'true' ? { all: conditions } : { any: conditions };
}

const TEXTUAL = new Set(['CodeableConcept', 'Coding', 'Identifier']);

function presence(parameter: SearchParameter): string[] {
  const { name, kind, leaves, components } = parameter;
  if (kind === 'composite') return [components[0]!.param];
  if (kind === 'special') return [`${name}$latitude`];
  if (kind === 'token' && leaves.some((leaf) => TEXTUAL.has(leaf.type))) return [name, `${name}:text`];
  if (kind === 'reference' && leaves.some((leaf) => leaf.type === 'Reference')) return [name, `${name}:identifier`];
  return [name];
}

/** `subject:Patient=123`. */
function ofTargetType(parameter: SearchParameter, modifier: string): Modified | undefined {
  if (parameter.kind !== 'reference' || !isResourceType(modifier) || !parameter.targets.includes(modifier))
    return undefined;
  return (_question, value, context) => referenceCondition(asked(parameter), unescaped(value), context, modifier);
}

function text({ parameter }: Question, value: string): Condition {
  return { param: `${parameter.name}:text`, string: { prefix: searchText(unescaped(value)) } };
}

function ofType({ parameter }: Question, value: string): Condition {
  if (!parameter.leaves.some((leaf) => leaf.type === 'Identifier')) throw badModifier();
  const [system = '', code = '', number = '', ...rest] = splitEscaped(value, '|').map(unescaped);
  if (code === '' || number === '' || rest.length > 0)
    throw badValue('The value of :of-type is [system]|[code]|[value].');
  return {
    param: `${parameter.name}:of-type`,
    token: { ...(system === '' ? {} : { system }), code: ofTypeCode(code, number) },
  };
}

function identifier({ parameter }: Question, value: string): Condition {
  const { system, code } = tokenOf(value);
  return {
    param: `${parameter.name}:identifier`,
    token: { ...(system === undefined ? {} : { system }), ...(code === undefined ? {} : { code: code.toLowerCase() }) },
  };
}

async function inValueSet({ parameter }: Question, value: string, context: QueryContext): Promise<Condition> {
  if (!context.terminology.expand) throw new QueryProblem('not-supported', 'Value sets are not known here.');
  return codes(parameter, await context.terminology.expand(unescaped(value)), context);
}

function subsumed(direction: 'above' | 'below'): Modified {
  return async ({ parameter }, value, context) => {
    const { system, code } = tokenOf(value);
    if (!context.terminology.related) throw new QueryProblem('not-supported', 'Code systems are not known here.');
    if (system === undefined || system === '' || code === undefined)
      throw badValue('The value of :above and :below is [system]|[code].');
    return codes(parameter, await context.terminology.related(system, code, direction), context);
  };
}

function codes(parameter: SearchParameter, found: readonly SystemCode[] | undefined, context: QueryContext): Condition {
  if (!found)
    throw new QueryProblem('not-found', 'This value set, or the code system of this code, is not stored here.');
  if (found.length > context.limits.codes)
    throw new QueryProblem('too-costly', 'The value set or hierarchy has too many codes to search for.');
  const fold = (code: string): string => (parameter.caseSensitive ? code : code.toLowerCase());
  return { any: found.map(({ system, code }) => ({ param: parameter.name, token: { system, code: fold(code) } })) };
}

/**
 * Hierarchies among the resources that are referred to: `Procedure?location:below=42` finds what was done at a
 * location and in all that is part of it (R4 search 3.1.1.4.12).
 */
function hierarchy(direction: 'above' | 'below'): Modified {
  return async ({ parameter }, value, context) => {
    const known = parameter.anyTarget ? [] : parameter.targets.filter((type) => partOf(type) !== undefined);
    if (known.length === 0) throw badModifier();
    if (!context.terminology.hierarchy) throw new QueryProblem('not-supported', 'Hierarchies are not searched here.');
    const condition = referenceCondition({ ...asked(parameter), targets: known }, unescaped(value), context);
    const { type = '', id } = (condition as Extract<Condition, { reference: unknown }>).reference;
    if (!known.includes(type)) throw badValue('A hierarchy starts from [type]/[id], of a type that has parts.');
    const ids = await context.terminology.hierarchy(type, partOf(type)!, id, direction);
    if (!ids) throw new QueryProblem('not-found', 'The resource that the hierarchy starts from is not stored here.');
    if (ids.length > context.limits.codes) {
      throw new QueryProblem('too-costly', 'The hierarchy has too many members to search for.');
    }
    context.joinedTypes.add(type);
    return { any: ids.map((one) => ({ param: parameter.name, reference: { type, id: one } })) };
  };
}

/** The parameter by which resources of a type are parts of others of it. */
const partOf = (type: string): string | undefined =>
  ['partof', 'part-of'].find((name) => searchParameter(type, name)?.targets.includes(type));

const MODIFIERS: Readonly<Partial<Record<SearchKind, ReadonlyMap<string, Modified>>>> = {
  token: new Map<string, Modified>([
    ['text', text],
    ['not', ({ parameter }, value, context) => plain(parameter, value, context)],
    ['of-type', ofType],
    ['in', inValueSet],
    ['not-in', inValueSet],
    ['above', subsumed('above')],
    ['below', subsumed('below')],
  ]),
  string: new Map<string, Modified>([
    ['exact', ({ parameter }, value) => ({ param: parameter.name, string: { exact: unescaped(value) } })],
    [
      'contains',
      ({ parameter }, value) => ({ param: parameter.name, string: { contains: searchText(unescaped(value)) } }),
    ],
  ]),
  reference: new Map<string, Modified>([
    ['identifier', identifier],
    ['above', hierarchy('above')],
    ['below', hierarchy('below')],
  ]),
  uri: new Map<string, Modified>([
    ['below', ({ parameter }, value) => ({ param: parameter.name, uri: { below: unescaped(value) } })],
    ['above', ({ parameter }, value) => ({ param: parameter.name, uri: { above: unescaped(value) } })],
  ]),
};
