import { clearTimeout, setTimeout } from 'node:timers';
import { unavailable } from './client-fault.ts';

/** What the client's read streams have in common. */
export interface ClientRead<T> {
  on(event: 'data', listener: (item: T) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  cancel(): Promise<void>;
}

export interface Collected<T> {
  readonly items: T[];
  /** False: it was cut because it grew large, and more may follow. */
  readonly whole: boolean;
}

/** A page holds no more than this in bytes, but two events at least, so that reading on from the last one advances. */
const PAGE_BYTES = 16 * 1024 * 1024;

interface Sized {
  readonly event?: { readonly data: unknown };
}

/**
 * Reads to the end, or until the page is large enough. The client gives reads no deadline: one that stays silent for
 * `silentMs` is called off, with a fault.
 */
export function collect<T extends Sized>(read: ClientRead<T>, silentMs: number): Promise<Collected<T>> {
  return new Promise((resolve, reject) => {
    const items: T[] = [];
    let bytes = 0;
    let timer = setTimeout(silent, silentMs);
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      done();
    };
    function silent(): void {
      read.cancel().catch(() => undefined);
      reject(unavailable());
    }
    read.on('data', (item) => {
      if (bytes >= PAGE_BYTES && items.length >= 2) return;
      items.push(item);
      const { data } = item.event ?? {};
      bytes += data instanceof Uint8Array ? data.byteLength : 0;
      clearTimeout(timer);
      timer = setTimeout(silent, silentMs);
      if (bytes < PAGE_BYTES || items.length < 2) return;
      settle(() => resolve({ items, whole: false }));
      read.cancel().catch(() => undefined);
    });
    read.on('error', (error) => settle(() => reject(error)));
    read.on('end', () => settle(() => resolve({ items, whole: true })));
  });
}
