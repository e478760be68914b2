/** Names of criteria: plain, chained (R4 search 3.1.1.4.14) and reversed with `_has` (3.1.1.4.15). */
import type { Condition } from '@anamnesis/read-store';
import { isResourceType, searchParameter } from './parameters.ts';
import type { SearchParameter } from './parameters.ts';
import type { QueryContext } from './query-context.ts';
import { badModifier, badValue, QueryProblem, unknownParameter } from './query-issue.ts';
import { anyOf, questionCondition } from './query-modifiers.ts';
import { splitEscaped, splitName, unescaped } from './query-text.ts';
import { dateTest } from './query-values.ts';
import { wordsOf } from './strings.ts';

const HAS = /^_has:([A-Za-z]+):([A-Za-z0-9_-]+):(.+)$/s;

/** The condition that one parameter puts on resources of `type`. Throws QueryProblem. */
export async function criterion(
  type: string,
  name: string,
  value: string,
  context: QueryContext,
  depth = 0,
): Promise<Condition> {
  if (depth > context.limits.chainDepth) throw new QueryProblem('too-costly', 'The chain has too many links.');
  if (name.startsWith('_has:')) return reverseChain(type, name, value, context, depth);
  const dot = name.indexOf('.');
  if (dot > 0) return chain(type, name.slice(0, dot), name.slice(dot + 1), value, context, depth);
  const [base, modifier] = splitName(name);
  const values = splitEscaped(value, ',');
  if (values.length > context.limits.values)
    throw new QueryProblem('too-costly', 'The parameter has too many alternatives.');
  if (values.includes('')) throw badValue('The parameter has an empty value.');
  const own = OWN.get(base);
  if (own) return own(values, modifier, context);
  const parameter = searchParameter(type, base);
  if (!parameter) throw unknownParameter();
  return questionCondition({ type, parameter, modifier, values }, context);
}

async function reverseChain(
  type: string,
  name: string,
  value: string,
  context: QueryContext,
  depth: number,
): Promise<Condition> {
  const [, source = '', link = '', rest = ''] = HAS.exec(name) ?? [];
  if (!isResourceType(source))
    throw new QueryProblem('invalid', 'A reverse chain is _has:[type]:[reference parameter]:[parameter].');
  const parameter = searchParameter(source, link);
  if (!parameter || parameter.kind !== 'reference' || !parameter.targets.includes(type)) throw unknownParameter();
  const where = await criterion(source, rest, value, context, depth + 1);
  return { referredBy: { type: source, param: link, where: context.joined(source, where) } };
}

async function chain(
  type: string,
  head: string,
  rest: string,
  value: string,
  context: QueryContext,
  depth: number,
): Promise<Condition> {
  const [name, wanted] = splitName(head);
  const parameter = searchParameter(type, name);
  if (!parameter) throw unknownParameter();
  if (parameter.kind !== 'reference' || !parameter.leaves.some((leaf) => leaf.type === 'Reference')) {
    throw new QueryProblem('not-supported', 'Only literal references can be chained.');
  }
  if (wanted !== undefined && !parameter.targets.includes(wanted)) throw badModifier();
  const found: Condition[] = [];
  let problem: QueryProblem | undefined;
  for (const target of wanted === undefined ? targetsOf(parameter, rest) : [wanted]) {
    if (wanted === undefined && parameter.targets.length > 1) context.spendChainType();
    const where = await criterion(target, rest, value, context, depth + 1).catch((error: unknown) => {
      if (!(error instanceof QueryProblem) || error.code === 'too-costly') throw error;
      if (!problem || problem.unknown) problem = error;
      return undefined;
    });
    if (where) found.push({ param: name, refersTo: { type: target, where: context.joined(target, where) } });
  }
  if (found.length === 0) throw problem ?? unknownParameter();
  return anyOf(found);
}

/** Types that cannot have the next parameter are left out before they cost anything. */
function targetsOf(parameter: SearchParameter, rest: string): readonly string[] {
  if (rest.startsWith('_has:')) return parameter.targets;
  const next = /^[^:.]*/.exec(rest)?.[0] ?? '';
  return parameter.targets.filter((target) => OWN.has(next) || searchParameter(target, next) !== undefined);
}

type Own = (values: readonly string[], modifier: string | undefined, context: QueryContext) => Condition;

const refused =
  (message: string): Own =>
  () => {
    throw new QueryProblem('not-supported', message);
  };

function ids(values: readonly string[], modifier: string | undefined): Condition {
  const named: Condition = { ids: values.map(unescaped) };
  if (modifier === undefined) return named;
  if (modifier === 'not') return { not: named };
  if (modifier === 'missing' && values.length === 1 && (values[0] === 'true' || values[0] === 'false')) {
    return values[0] === 'true' ? { ids: [] } : { not: { ids: [] } };
  }
  throw badModifier();
}

function lastUpdated(values: readonly string[], modifier: string | undefined, context: QueryContext): Condition {
  if (modifier === 'missing') return ids(values, modifier);
  if (modifier !== undefined) throw badModifier();
  return anyOf(values.map((value) => ({ lastUpdated: dateTest(value, context.now) })));
}

/** Members of stored lists; the functional ones (`$current-allergies`) are not computed. */
function list(values: readonly string[], modifier: string | undefined, context: QueryContext): Condition {
  if (modifier !== undefined) throw badModifier();
  if (values.some((value) => value.startsWith('$')))
    throw new QueryProblem('not-supported', 'Functional lists are not computed here; name a List by its id.');
  const where: Condition = { ids: values.map((value) => unescaped(value).replace(/^List\//, '')) };
  return { referredBy: { type: 'List', param: 'item', where: context.joined('List', where) } };
}

/** All words, in any order, each as the beginning of a word of the narrative. */
function narrative(values: readonly string[], modifier: string | undefined): Condition {
  if (modifier !== undefined) throw badModifier();
  return anyOf(
    values.map((value) => {
      const words = wordsOf(unescaped(value));
      if (words.length === 0) throw badValue('The value holds no word to search for.');
      return { all: words.map((prefix): Condition => ({ param: '_text', string: { prefix } })) };
    }),
  );
}

/** Parameters that R4 defines for all resources, read in ways of their own. */
const OWN: ReadonlyMap<string, Own> = new Map<string, Own>([
  ['_id', ids],
  ['_lastUpdated', lastUpdated],
  ['_list', list],
  ['_text', narrative],
  ['_content', refused('Search over the whole content is not offered; _text searches the narrative.')],
  ['_filter', refused('The _filter expression language is not offered; use search parameters, chains and _has.')],
  ['_query', refused('There are no named queries here.')],
]);
