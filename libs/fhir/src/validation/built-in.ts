import { compare } from '../fhirpath/values.ts';

type Members = Record<string, unknown>;

/** per-1: dates of different precision that agree as far as both go are in order. */
export function isPeriodInOrder({ start, end }: Members): boolean {
  if (typeof start !== 'string' || typeof end !== 'string') return true;
  const order = compare(start, end);
  return order === undefined || !(order > 0);
}

/** ref-1: `#x` refers to a resource that the root contains; `#` alone refers to the root itself. */
export function brokenLink(link: string, root: unknown): boolean {
  if (link === '#') return false;
  const contained = (root as { contained?: unknown } | undefined)?.contained;
  const id = link.slice(1);
  return !Array.isArray(contained) || !contained.some((resource: Members | null) => resource?.['id'] === id);
}

/** A reference within one resource, and the resource (the root or a contained one) that makes it. */
export interface LocalLink {
  readonly link: string;
  readonly from: unknown;
}

/** dom-3: each contained resource is referred to from somewhere in the root, or refers to the root by `#`. */
export function hasUnreferencedContained(root: Members, links: readonly LocalLink[]): boolean {
  const contained = root['contained'];
  if (!Array.isArray(contained)) return false;
  const targets = new Set(links.map(({ link }) => link));
  return contained.some((one: Members | null) => {
    if (typeof one?.['id'] !== 'string' || targets.has(`#${one['id']}`)) return false;
    return !links.some(({ link, from }) => link === '#' && from === one);
  });
}
