import type { IndexEntry } from '@anamnesis/read-store';
import { compile, walk } from './compile.ts';
import type { Tree } from './compile.ts';
import { isResourceType, searchParameters } from './parameters.ts';
import { Sink } from './sink.ts';
import { narrativeWords } from './strings.ts';
import { isElement } from './values.ts';

export interface ExtractOptions {
  /** The record's own base URLs, without a slash at the end: absolute references to them count as relative ones. */
  readonly ownBases?: readonly string[];
}

const trees = new Map<string, Tree>();
const NONE: readonly string[] = [];

/**
 * Every index entry of a resource, for every search parameter that R4 defines for its type, each once. Numbers may be
 * plain or keep their lexical form (`JSON.rawJSON`). Never throws on the content of a resource; an unknown type has no
 * entries. A reference into `contained` gives one entry, to `#`: there is no document to find by it.
 *
 * Besides the parameters' own names: `<token>:text` (strings), `<token>:of-type`, `<reference>:identifier` (tokens),
 * `<composite>$<component>` (with a tuple number), `near$latitude` and `near$longitude`.
 */
export function extractEntries(type: string, resource: unknown, options: ExtractOptions = {}): IndexEntry[] {
  if (!isElement(resource)) return [];
  const tree = treeOf(type);
  if (!tree) return [];
  const sink = new Sink(options.ownBases ?? NONE);
  walk(tree, resource, resource, sink);
  const narrative = isElement(resource.text) ? resource.text.div : undefined;
  if (typeof narrative === 'string') for (const word of narrativeWords(narrative)) sink.string('_text', word);
  return sink.entries;
}

function treeOf(type: string): Tree | undefined {
  let tree = trees.get(type);
  if (!tree && isResourceType(type)) {
    tree = compile(searchParameters(type).values());
    trees.set(type, tree);
  }
  return tree;
}
