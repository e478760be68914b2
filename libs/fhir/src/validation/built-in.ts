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

/**
 * dom-3: each contained resource is referred to from elsewhere in the resource, or refers to its container.
 * Any string value counts as a reference here, so that no sound resource is refused.
 */
export function hasUnreferencedContained(resource: Members): boolean {
  const contained = resource['contained'];
  if (!Array.isArray(contained)) return false;
  const links = new Set<string>();
  for (const key in resource) collectLinks(resource[key], links);
  return contained.some((one: Members | null) => {
    if (typeof one?.['id'] !== 'string' || links.has(`#${one['id']}`)) return false;
    const own = new Set<string>();
    collectLinks(one, own);
    return !own.has('#');
  });
}

function collectLinks(value: unknown, links: Set<string>): void {
  if (typeof value === 'string') {
    if (value.charCodeAt(0) === 0x23) links.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const key in value) collectLinks((value as Members)[key], links);
  }
}
