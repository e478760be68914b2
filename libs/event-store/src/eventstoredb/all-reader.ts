import type { Instant, Position } from '@anamnesis/kernel';
import type { ReadAllOptions, StoredEvent } from '../port.ts';
import { Expander, lastPositionOf, wantedBy, type Expanded } from './expander.ts';
import { commitOf, indexOf } from './position.ts';
import type { RawEvent } from './raw.ts';
import type { RawStore } from './raw-store.ts';
import { TimeMarks } from './time-marks.ts';

const PAGE = 500;
/** At least so much, since what is not asked for lies in between. */
const SMALLEST_PAGE = 8;

type Look = ReadAllOptions & { readonly limit: number };

/** Reads the port's $all from the server's. */
export class AllReader {
  readonly #store: RawStore;
  readonly #marks = new TimeMarks();

  constructor(store: RawStore) {
    this.#store = store;
  }

  read(options: Look): Promise<StoredEvent[]> {
    return options.direction === 'backwards' ? this.#backwards(options) : this.#forwards(options);
  }

  async #forwards({ from, limit, prefixes }: Look): Promise<StoredEvent[]> {
    const expander = new Expander(this.#store);
    const wanted = wantedBy(prefixes);
    const found: StoredEvent[] = [];
    for await (const raw of this.#records(from, limit)) {
      const { events } = await expander.expand(raw, wanted);
      found.push(...after(events, from));
      if (found.length >= limit) return found.slice(0, limit);
    }
    return found;
  }

  async #backwards({ from, limit, prefixes }: Look): Promise<StoredEvent[]> {
    const expander = new Expander(this.#store);
    const wanted = wantedBy(prefixes);
    const found: StoredEvent[] = [];
    if (from !== undefined && indexOf(from) > 0) {
      const { events } = await this.recordAt(from, expander, prefixes);
      found.push(...events.filter(({ position }) => position < from).toReversed());
    }
    for await (const raw of this.#recordsBackwards(from, limit)) {
      if (found.length >= limit) break;
      // An intent says nothing by itself, and its record, which was met before, has read it.
      if (raw.envelope?.batch) continue;
      found.push(...(await expander.expand(raw, wanted)).events.toReversed());
    }
    return found.slice(0, limit);
  }

  /** What the record has that `position` is in; nothing if there is none. */
  async recordAt(position: Position, expander: Expander, prefixes?: readonly string[]): Promise<Expanded> {
    const commit = commitOf(position);
    const [raw] = (await this.#store.readAll('forwards', commit, 1)).events;
    if (raw?.commit !== commit) return { events: [], through: position };
    return expander.expand(raw, wantedBy(prefixes));
  }

  /** The position of the last event; 0 when there is none. */
  async head(): Promise<Position> {
    for await (const raw of this.#recordsBackwards(undefined, 1)) {
      const position = lastPositionOf(raw);
      if (position !== undefined) return position;
    }
    return 0;
  }

  /**
   * The log has no index by time, so this reads it: from the start the first time, later from the marks that were set
   * on the way, at most a few hundred records before the answer.
   */
  async positionAt(instant: Instant): Promise<Position> {
    const mark = this.#marks.before(instant);
    let { position } = mark;
    const walk = this.#marks.walkFrom(mark);
    for await (const raw of this.#records(mark.position, PAGE)) {
      const last = lastPositionOf(raw);
      if (last === undefined || last <= mark.position) continue;
      if (raw.at > instant) return position;
      position = last;
      walk.pass(position, raw.at);
    }
    return position;
  }

  /** Above the record of `from`, that one included: a position can lie within it. */
  async *#records(from: Position | undefined, wanted: number): AsyncGenerator<RawEvent> {
    let next = from === undefined || from === 0 ? undefined : commitOf(from);
    let last = -1;
    const size = Math.min(Math.max(wanted, SMALLEST_PAGE) + 1, PAGE);
    for (let limit = size; ; limit = PAGE) {
      const { events, end } = await this.#store.readAll('forwards', next, limit);
      // A page begins with the record that the one before ended with.
      for (const raw of events) if (raw.commit > last) yield raw;
      next = last = events.at(-1)?.commit ?? last;
      if (end) return;
    }
  }

  async *#recordsBackwards(from: Position | undefined, wanted: number): AsyncGenerator<RawEvent> {
    let next = from === undefined ? undefined : commitOf(from);
    for (let limit = Math.min(Math.max(wanted, SMALLEST_PAGE), PAGE); ; limit = Math.min(8 * limit, PAGE)) {
      const { events, end } = await this.#store.readAll('backwards', next, limit);
      yield* events;
      next = events.at(-1)?.commit ?? next;
      if (end) return;
    }
  }
}

function after(events: readonly StoredEvent[], from: Position | undefined): readonly StoredEvent[] {
  return from === undefined ? events : events.filter(({ position }) => position > from);
}
