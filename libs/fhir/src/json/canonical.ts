/**
 * The stored text of a resource: `{"resourceType":"X","id":"Y","meta":{...},<the rest in the client's order>}`.
 *
 * `meta` always stands third and never holds `versionId` or `lastUpdated`: these belong to the version, not to
 * the content, and are spliced in when it is served. Numbers keep the form the client wrote.
 */
type Members = Record<string, unknown>;

export interface ResourceName {
  readonly type: string;
  readonly id: string;
}

/** Writes `exact` (as `parseJson` gives it) in canonical form under the given name. */
export function canonicalResource(exact: unknown, name: ResourceName): string {
  const source = exact as Members;
  const target: Members = { resourceType: name.type, id: name.id, meta: withoutVersion(source['meta']) };
  for (const key in source) {
    if (key === 'resourceType' || key === 'id' || key === 'meta') continue;
    if (key === '__proto__') define(target, key, source[key]);
    else target[key] = source[key];
  }
  return JSON.stringify(target);
}

function withoutVersion(meta: unknown): Members {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) return {};
  const source = meta as Members;
  if (!('versionId' in source || 'lastUpdated' in source || '_versionId' in source || '_lastUpdated' in source)) {
    return source;
  }
  const { versionId: _1, lastUpdated: _2, _versionId: _3, _lastUpdated: _4, ...rest } = source;
  return rest;
}

/** Assignment to `__proto__` would set the prototype and lose the member. */
function define(target: Members, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * The served text of one version: splices `versionId` and `lastUpdated` (an R4 instant) into canonical text,
 * without parsing it. Throws when `text` is not canonical for `type` and `id`: that is a bug of the caller.
 */
export function stampMeta(text: string, type: string, id: string, versionId: string, lastUpdated: string): string {
  const head = `{"resourceType":"${type}","id":"${id}","meta":{`;
  if (!text.startsWith(head)) throw new Error('The stored text of a resource is not in canonical form.');
  const comma = text.charCodeAt(head.length) === 0x7d ? '' : ',';
  return `${head}"versionId":"${versionId}","lastUpdated":"${lastUpdated}"${comma}${text.slice(head.length)}`;
}
