import { randomUUID } from 'node:crypto';
import { outcomeText, type Issue } from './problem.ts';

export interface Entry {
  readonly type: string;
  readonly id: string;
  /** JSON text of the resource. */
  readonly text: string;
  readonly mode: 'match' | 'include';
}

/** A searchset Bundle as text: resources are spliced in as they are stored, never parsed. */
export function searchSet(parts: {
  readonly entries: readonly Entry[];
  readonly total?: number;
  readonly self: string;
  readonly next?: string;
  readonly outcome: Issue | undefined;
  readonly base: string;
}): string {
  const { entries, total, self, next, outcome, base } = parts;
  const links = [{ relation: 'self', url: self }, ...(next === undefined ? [] : [{ relation: 'next', url: next }])];
  const items = entries.map(
    ({ type, id, text, mode }) =>
      `{"fullUrl":${JSON.stringify(`${base}/${type}/${id}`)},"resource":${text},"search":{"mode":"${mode}"}}`,
  );
  if (outcome) items.push(`{"resource":${outcomeText([outcome])},"search":{"mode":"outcome"}}`);
  return (
    `{"resourceType":"Bundle","id":"${randomUUID()}","type":"searchset"` +
    (total === undefined ? '' : `,"total":${total}`) +
    `,"link":${JSON.stringify(links)}` +
    (items.length === 0 ? '}' : `,"entry":[${items.join(',')}]}`)
  );
}
