import type { ReadModelReader } from '@anamnesis/read-store';

type Reader = Pick<ReadModelReader, 'get' | 'referredTo' | 'referringTo'>;

/**
 * The ids of the stored resources of `type` above or below one in the hierarchy that the reference `param` makes,
 * itself first; for `Terminology.hierarchy`. A circle ends where it closes. Undefined when `id` is not stored; no more
 * than `limit` ids and one, by which the caller can tell that there are too many.
 */
export async function storedHierarchy(
  reader: Reader,
  type: string,
  param: string,
  id: string,
  direction: 'above' | 'below',
  limit: number,
): Promise<readonly string[] | undefined> {
  if ((await reader.get(type, id)) === undefined) return undefined;
  const found = new Set([id]);
  let next = [{ type, id }];
  while (next.length > 0 && found.size <= limit) {
    const room = limit + 1;
    const documents =
      direction === 'above'
        ? await reader.referredTo(next, param, type, room)
        : await reader.referringTo(next, type, param, room);
    next = documents.filter((document) => !found.has(document.id)).map((document) => ({ type, id: document.id }));
    for (const one of next) found.add(one.id);
  }
  return [...found].slice(0, limit + 1);
}
