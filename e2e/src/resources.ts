import { randomUUID } from 'node:crypto';

/** A patient that nobody else is. */
export function patient(more: object = {}): object {
  return { resourceType: 'Patient', name: [{ family: `F${randomUUID().slice(0, 8)}`, given: ['Ada'] }], ...more };
}

/** An entry of a batch or transaction. */
export function entry(method: string, url: string, resource?: object, more: object = {}): object {
  const { fullUrl, ...request } = more as { fullUrl?: string };
  return {
    ...(fullUrl !== undefined && { fullUrl }),
    ...(resource !== undefined && { resource }),
    request: { method, url, ...request },
  };
}

export function transaction(...entries: readonly object[]): object {
  return { resourceType: 'Bundle', type: 'transaction', entry: entries };
}
