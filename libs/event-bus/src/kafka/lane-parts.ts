import type { Batch } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import type { Position } from '@anamnesis/kernel';
import { decodeMessage, type Decoded } from './event-message.ts';

/** A piece of a fetched batch that is handed over at once. */
export interface LanePart {
  readonly events: readonly StoredEvent[];
  readonly through: Position;
  /** Nobody needs to hear of it: there is no event in it, and the lane stays where it was. */
  readonly silent: boolean;
  /** Of its last message. */
  readonly lastOffset: string;
}

export interface LaneWants {
  readonly group: string;
  /** At most this many events a part. */
  readonly batchSize: number;
  readonly wanted: (stream: string) => boolean;
  /** How far the lane was complete before; a part never says less. */
  readonly through: Position;
  /** Events up to here are passed over: they were handled. */
  readonly passOver: Position;
  /** Told of a message that is none of ours. */
  readonly foreign: () => void;
}

/** A batch as the deliveries it makes, decoded as they are asked for. */
export function* partsOf(batch: Pick<Batch, 'messages'>, wants: LaneWants): Generator<LanePart> {
  let through = wants.through;
  let told = through;
  let events: StoredEvent[] = [];
  const part = (lastOffset: string): LanePart => {
    const made = { events, through, silent: events.length === 0 && through === told, lastOffset };
    told = through;
    events = [];
    return made;
  };
  let last: string | undefined;
  for (const message of batch.messages) {
    const decoded = decodeMessage(message);
    if (decoded.kind === 'foreign') wants.foreign();
    const event = eventFor(wants, decoded);
    // A letter that comes again stands alone: it is older than what is around it, and says nothing of the lane.
    if (event?.again === true && last !== undefined) yield part(last);
    last = message.offset;
    if (event !== undefined) events.push(event.event);
    if (event?.again !== true) through = Math.max(through, throughOf(decoded));
    if (event?.again === true || events.length >= wants.batchSize) {
      yield part(last);
      last = undefined;
    }
  }
  if (last !== undefined) yield part(last);
}

function eventFor(
  { group, wanted, passOver }: LaneWants,
  decoded: Decoded,
): { event: StoredEvent; again: boolean } | undefined {
  if (decoded.kind !== 'event') return undefined;
  const { event, again } = decoded;
  if (again !== undefined) return again === group ? { event, again: true } : undefined;
  return event.position > passOver && wanted(event.stream) ? { event, again: false } : undefined;
}

function throughOf(decoded: Decoded): Position {
  if (decoded.kind === 'foreign' || (decoded.kind === 'event' && decoded.again !== undefined)) return 0;
  return decoded.kind === 'watermark' ? decoded.through : (decoded.through ?? decoded.event.position);
}

/** The first event of a batch that came from the log in its turn, to see whether some before it are gone. */
export function firstPosition(batch: Pick<Batch, 'messages'>): Position | undefined {
  for (const message of batch.messages) {
    const decoded = decodeMessage(message);
    if (decoded.kind === 'watermark') return decoded.through;
    if (decoded.kind === 'event' && decoded.again === undefined) return decoded.event.position;
  }
  return undefined;
}
