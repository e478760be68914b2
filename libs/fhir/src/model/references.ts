import { RESOURCE_TYPES } from '../generated/resource-types.ts';
import { type Structure, structureOf } from './structure.ts';

type Members = Record<string, unknown>;

/** A string somewhere in a resource that may point to another resource. */
export interface Link {
  readonly value: string;
  /** `reference`: Reference.reference. `address`: uri, url, oid, uuid. `narrative`: the XHTML of text.div. */
  readonly kind: 'reference' | 'address' | 'canonical' | 'narrative';
  /** Where it stands: `holder[key] = other` replaces it. */
  readonly holder: Members;
  readonly key: string;
}

/** What a walk needs to know of one JSON property. */
interface Step {
  readonly kind: Link['kind'] | 'resource' | 'inside';
  readonly type: string;
  plan: Steps | undefined;
}

type Steps = ReadonlyMap<string, Step>;

const ADDRESSES = new Set(['uri', 'url', 'oid', 'uuid']);
const known = new Map<string, Steps>();

/** The properties of a type that are links, or that may hold some inside. */
function stepsOf(type: string): Steps {
  const found = known.get(type);
  if (found !== undefined) return found;
  const steps = new Map<string, Step>();
  for (const { key, name } of (structureOf(type)?.elements ?? []).flatMap(({ types }) => types)) {
    const kind = kindOf(name, key, type);
    if (kind !== undefined) steps.set(key, { kind, type: name, plan: undefined });
    else if (/^[a-z]/.test(name) && key !== 'id')
      steps.set(`_${key}`, { kind: 'inside', type: 'Element', plan: undefined });
  }
  known.set(type, steps);
  return steps;
}

function kindOf(name: string, key: string, parent: string): Step['kind'] | undefined {
  if (parent === 'Reference' && key === 'reference') return 'reference';
  if (name === 'Resource') return 'resource';
  if (name === 'xhtml') return 'narrative';
  if (ADDRESSES.has(name)) return 'address';
  if (name === 'canonical') return 'canonical';
  return structureOf(name) === undefined ? undefined : 'inside';
}

/**
 * Calls back for every link in a resource, those of contained resources and extensions included, in document
 * order. The callback may replace the link in its holder. Elements that R4 does not define are passed over.
 */
export function forEachLink(resource: unknown, callback: (link: Link) => void): void {
  if (typeof resource !== 'object' || resource === null) return;
  const type = (resource as Members)['resourceType'];
  if (typeof type === 'string') walk(resource as Members, stepsOf(type), callback);
}

/** Calls back for every `Reference.reference` of a resource. */
export function forEachReference(resource: unknown, callback: (link: Link) => void): void {
  forEachLink(resource, (link) => {
    if (link.kind === 'reference') callback(link);
  });
}

function walk(holder: Members, steps: Steps, callback: (link: Link) => void): void {
  for (const key in holder) {
    const step = steps.get(key);
    if (step === undefined) continue;
    const value = holder[key];
    if (!Array.isArray(value)) visit(value, step, holder, key, callback);
    else
      for (let i = 0; i < value.length; i += 1) visit(value[i], step, value as unknown as Members, String(i), callback);
  }
}

function visit(value: unknown, step: Step, holder: Members, key: string, callback: (link: Link) => void): void {
  if (typeof value === 'string') {
    if (step.kind !== 'resource' && step.kind !== 'inside') callback({ value, kind: step.kind, holder, key });
  } else if (typeof value === 'object' && value !== null) {
    if (step.kind === 'resource') forEachLink(value, callback);
    else if (step.kind === 'inside') walk(value as Members, (step.plan ??= stepsOf(step.type)), callback);
  }
}

const NARRATIVE_LINK = /(\s(?:href|src)\s*=\s*)("[^"]*"|'[^']*')/g;

/**
 * Replaces links in place, as a transaction does once the server has given out ids (R4 3.1.0.11.2): in references,
 * in elements of type uri, url, oid and uuid, and in `a href` and `img src` of narratives; never in those of type
 * canonical. `replace` answers undefined to keep a link.
 */
export function rewriteLinks(resource: unknown, replace: (link: string) => string | undefined): void {
  forEachLink(resource, ({ value, kind, holder, key }) => {
    if (kind === 'narrative') {
      if (!value.includes('href') && !value.includes('src')) return;
      const text = value.replace(NARRATIVE_LINK, (whole, before: string, quoted: string) => {
        const other = replace(quoted.slice(1, -1));
        return other === undefined ? whole : before + quoted.charAt(0) + escapeAttribute(other) + quoted.charAt(0);
      });
      if (text !== value) holder[key] = text;
      return;
    }
    const other = kind === 'canonical' ? undefined : replace(value);
    if (other !== undefined) holder[key] = other;
  });
}

const escapeAttribute = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&apos;');

export interface LiteralReference {
  readonly type: string;
  readonly id: string;
  readonly versionId?: string;
  /** Of an absolute reference: what stands before the type, with the last slash. */
  readonly base?: string;
}

const types: ReadonlySet<string> = new Set(RESOURCE_TYPES);
const LITERAL =
  /^(https?:\/\/[^?#\s]+\/)?([A-Z][A-Za-z]{1,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;

/** Reads `Patient/1`, `Patient/1/_history/2` and their absolute forms; undefined for any other reference. */
export function parseReference(reference: string): LiteralReference | undefined {
  const [, base, type, id, versionId] = LITERAL.exec(reference) ?? [];
  if (type === undefined || id === undefined || !types.has(type)) return undefined;
  return { type, id, ...(versionId === undefined ? {} : { versionId }), ...(base === undefined ? {} : { base }) };
}

/** The dotted paths of all elements of type Reference of a resource type, nested elements included. */
export function referencePaths(type: string): string[] {
  const paths: string[] = [];
  collect(structureOf(type), '', paths, []);
  return paths;
}

function collect(structure: Structure | undefined, prefix: string, paths: string[], above: readonly string[]): void {
  if (structure === undefined || above.includes(structure.name)) return;
  for (const { key, name } of structure.elements.flatMap(({ types: all }) => all)) {
    if (name === 'Reference') paths.push(prefix + key);
    else if (name.includes('.') || name === 'Dosage' || name === 'Annotation') {
      collect(structureOf(name), `${prefix}${key}.`, paths, [...above, structure.name]);
    }
  }
}
