import type { Revision } from '@anamnesis/kernel';
import { DELETED_REVISION } from './protocol.ts';

/** What a stream's metadata (the last event of `$$stream`) says to the server; the rest is the clients' own. */
export interface StreamMetadata {
  /** `$maxCount`: only so many of the last events are read. */
  readonly maxCount?: number;
  /** `$maxAge`: only events younger than this are read, in seconds. */
  readonly maxAge?: number;
  /** `$tb`: events before this revision are not read. */
  readonly truncateBefore?: number;
  /** Deleted, but not for ever: an append brings the stream back. */
  readonly softDeleted: boolean;
  readonly acl?: Acl;
}

/** Who may do what: roles are user names and groups. An operation that is not named follows the default. */
export type Acl = Partial<Record<Operation, readonly string[]>>;
export type Operation = 'read' | 'write' | 'delete' | 'metaRead' | 'metaWrite';

const KEYS: Record<Operation, string> = { read: '$r', write: '$w', delete: '$d', metaRead: '$mr', metaWrite: '$mw' };

export const NO_METADATA: StreamMetadata = { softDeleted: false };

/** A metastream keeps its last event only. */
export const METASTREAM_METADATA: StreamMetadata = { maxCount: 1, softDeleted: false };

/** JSON numbers of this size lose their last digits: from here on it is the largest one that was meant. */
const DELETED = Number(DELETED_REVISION);

/** The JSON that deletes a stream. */
export const DELETING_METADATA = `{"$tb":${DELETED_REVISION}}`;

/** Metadata that is no JSON object, or a member of the wrong kind, counts for nothing, as in EventStoreDB. */
export function parseMetadata(text: string): StreamMetadata {
  const raw = parseObject(text);
  if (raw === undefined) return NO_METADATA;
  const tb = count(raw['$tb'], 0);
  const maxCount = count(raw['$maxCount'], 1);
  const maxAge = count(raw['$maxAge'], 1);
  const acl = parseAcl(raw['$acl']);
  return {
    ...(maxCount === undefined ? {} : { maxCount }),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(tb === undefined ? {} : { truncateBefore: tb }),
    softDeleted: tb !== undefined && tb >= DELETED,
    ...(acl === undefined ? {} : { acl }),
  };
}

/** The same metadata for a stream whose first event to read is `revision`; nothing else in the text is touched. */
export function truncatedMetadata(text: string, revision: Revision): string {
  const object = parseObject(text);
  if (object === undefined) return text;
  // Only a `$tb` that stands there more than once is written anew with all the rest.
  if (text.split('"$tb"').length > 2) return JSON.stringify({ ...object, $tb: revision });
  if ('$tb' in object) return text.replace(/("\$tb"\s*:\s*)[^,}\s]+/, (_, name: string) => `${name}${revision}`);
  const rest = Object.keys(object).length === 0 ? '' : ',';
  return text.replace('{', () => `{"$tb":${revision}${rest}`);
}

function parseAcl(value: unknown): Acl | undefined {
  // The two names of EventStoreDB's built-in lists.
  if (value === '$userStreamAcl') return everyone(['$all']);
  if (value === '$systemStreamAcl') return { ...everyone(['$admins']), read: ['$all'], metaRead: ['$all'] };
  if (typeof value !== 'object' || value === null) return undefined;
  const acl: Acl = {};
  for (const [operation, key] of Object.entries(KEYS) as [Operation, string][]) {
    const roles = (value as Record<string, unknown>)[key];
    if (typeof roles === 'string') acl[operation] = [roles];
    else if (Array.isArray(roles)) acl[operation] = roles.filter((role) => typeof role === 'string');
  }
  return acl;
}

function everyone(roles: readonly string[]): Record<Operation, readonly string[]> {
  return { read: roles, write: roles, delete: roles, metaRead: roles, metaWrite: roles };
}

function count(value: unknown, least: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= least ? value : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
