import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import type { EventMeta, Position } from '@anamnesis/kernel';

/** What a message says. */
export type Decoded =
  | {
      readonly kind: 'event';
      readonly event: StoredEvent;
      /** The lane is complete up to here; absent: up to the event. */
      readonly through?: Position;
      /** A dead letter that comes again, for this group only. */
      readonly again?: string;
    }
  | { readonly kind: 'watermark'; readonly through: Position }
  | { readonly kind: 'foreign' };

/** The header that says whose letter comes again. */
export const AGAIN_FOR = 'again-for';

export interface EventKey {
  /** What keeps events in order: the opaque patient, else the stream. */
  readonly key: string;
  readonly traceparent: string | undefined;
}

/** An envelope that cannot be read keeps its stream's order, and is for its consumers to judge. */
export function keyOf({ stream, meta }: StoredEvent): EventKey {
  try {
    const { subject, traceparent } = JSON.parse(meta) as Partial<EventMeta>;
    return {
      key: typeof subject === 'string' ? subject : stream,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    };
  } catch {
    return { key: stream, traceparent: undefined };
  }
}

/**
 * The sealed data as the value, everything else in headers. The message's own time is when it was sent, not when the
 * event was recorded: the topic's retention goes by it, and would delete what is brought from an old log at once.
 */
export function encodeEvent(event: StoredEvent, { key, traceparent }: EventKey): Message & { headers: IHeaders } {
  const { data } = event;
  return {
    key,
    value: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    headers: {
      type: event.type,
      schema: String(event.schema),
      id: event.id,
      stream: event.stream,
      revision: String(event.revision),
      position: String(event.position),
      recordedAt: String(event.recordedAt),
      meta: event.meta,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
  };
}

/** Bytes that a message takes on the wire, roughly: its record's own framing is small. */
export function sizeOf(event: StoredEvent): number {
  return event.data.byteLength + Buffer.byteLength(event.meta) + event.stream.length + event.type.length + 256;
}

/** Says that a lane without news is complete. */
export function encodeWatermark(through: Position): Message {
  return { key: null, value: null, headers: { through: String(through) } };
}

export function decodeMessage({ value, headers = {} }: Pick<KafkaMessage, 'value' | 'headers'>): Decoded {
  const through = numberOf(headers, 'through');
  const id = textOf(headers, 'id');
  if (id === undefined) return through === undefined ? { kind: 'foreign' } : { kind: 'watermark', through };
  const [type, stream, meta] = [textOf(headers, 'type'), textOf(headers, 'stream'), textOf(headers, 'meta')];
  const [schema, revision] = [numberOf(headers, 'schema'), numberOf(headers, 'revision')];
  const [position, recordedAt] = [numberOf(headers, 'position'), numberOf(headers, 'recordedAt')];
  if (type === undefined || stream === undefined || meta === undefined || value === null) return { kind: 'foreign' };
  if (schema === undefined || revision === undefined || position === undefined || recordedAt === undefined) {
    return { kind: 'foreign' };
  }
  const data = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const again = textOf(headers, AGAIN_FOR);
  return {
    kind: 'event',
    event: { id, type, schema, meta, data, stream, revision, position, recordedAt },
    ...(through === undefined ? {} : { through }),
    ...(again === undefined ? {} : { again }),
  };
}

export function textOf(headers: IHeaders, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || Array.isArray(value) ? undefined : value.toString();
}

export function numberOf(headers: IHeaders, name: string): number | undefined {
  const text = textOf(headers, name);
  const number = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}
