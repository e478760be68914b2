import type { Position } from '@anamnesis/kernel';
import type { Operation } from '../port.ts';

export type DocumentOperation = Exclude<Operation, { purge: unknown }>;
export type Purge = Extract<Operation, { purge: unknown }>;

/** What a batch makes of one document. */
export interface Folded {
  /** `<type>/<id>` */
  readonly key: string;
  /** The newest operation of the batch. */
  newest: DocumentOperation;
  /** Of the oldest put: the document's place, unless it has an earlier one. */
  first: Position | undefined;
  /** Whose it was by the newest put, if any: a removal does not say. */
  owner: { readonly subject: string | null; readonly position: Position } | undefined;
}

export const keyOf = (operation: DocumentOperation): string => {
  const { type, id } = 'put' in operation ? operation.put : operation.remove;
  return `${type}/${id}`;
};

/** One entry a document: an unordered bulk write keeps no order between two operations on one. */
export function foldOperations(operations: readonly DocumentOperation[]): Folded[] {
  const folded = new Map<string, Folded>();
  for (const operation of operations) {
    const key = keyOf(operation);
    const known = folded.get(key);
    const put = 'put' in operation;
    const first = put ? operation.position : undefined;
    const owner = put ? { subject: operation.put.subject ?? null, position: operation.position } : undefined;
    if (known === undefined) {
      folded.set(key, { key, newest: operation, first, owner });
      continue;
    }
    if (owner !== undefined && owner.position > (known.owner?.position ?? -1)) known.owner = owner;
    if (operation.position > known.newest.position) known.newest = operation;
    if (first !== undefined) known.first = Math.min(known.first ?? first, first);
  }
  return [...folded.values()];
}

/** Stretches of operations on documents, each with the erasure that follows it, if any. */
export function stretches(operations: readonly Operation[]): { documents: DocumentOperation[]; purge?: Purge }[] {
  const found: { documents: DocumentOperation[]; purge?: Purge }[] = [{ documents: [] }];
  for (const operation of operations) {
    if (!('purge' in operation)) found.at(-1)!.documents.push(operation);
    else {
      found.at(-1)!.purge = operation;
      found.push({ documents: [] });
    }
  }
  return found.filter(({ documents, purge }) => documents.length > 0 || purge !== undefined);
}
