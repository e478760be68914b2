/** JSON as it is compared: what the record adds (id, versionId, lastUpdated) left out, members in order of name. */
export function contentOf(resource: unknown): string {
  const { id: _, meta, ...rest } = resource as Record<string, unknown>;
  const { versionId, lastUpdated, ...own } = (meta ?? {}) as Record<string, unknown>;
  return ordered(Object.keys(own).length === 0 ? rest : { ...rest, meta: own });
}

/** The text of a value with the members of every object in order of name. */
export function ordered(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
