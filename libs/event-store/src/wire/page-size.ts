import type { StoredEvent } from '../port.ts';

const FIRST = 32;
const MOST = 500;
/** About as many bytes of events are held for one reader. */
const PAGE_BYTES = 2 * 1024 * 1024;

/** How many events the next page of a read has: few of large ones, many of small ones. */
export class PageSize {
  #events = FIRST;

  get events(): number {
    return this.#events;
  }

  learn(page: readonly StoredEvent[]): void {
    if (page.length === 0) return;
    const bytes = page.reduce((sum, { data }) => sum + data.length, 0);
    const fitting = Math.floor((PAGE_BYTES * page.length) / Math.max(bytes, 1));
    this.#events = Math.min(Math.max(fitting, 1), MOST, this.#events * 4);
  }
}
