import { describe, expect, it } from '@jest/globals';
import type { KafkaMessage } from 'kafkajs';
import type { StoredEvent } from '@anamnesis/event-store';
import { sample, streamOf } from '@anamnesis/event-store/contract';
import { contextOfStream, contextsOfPrefixes, BUS_CONTEXTS, laneName, laneOf } from '../src/kafka/bus-names.ts';
import { decodeMessage, encodeEvent, encodeWatermark, keyOf } from '../src/kafka/event-message.ts';
import { decodeMark, encodeMark } from '../src/kafka/lane-commits.ts';
import { partsOf, type LanePart } from '../src/kafka/lane-parts.ts';
import { startOf } from '../src/kafka/lane-state.ts';
import { acknowledgedOnce } from '../src/kafka/relay/lane-batches.ts';
import { chunksOf } from '../src/kafka/relay/relay-producer.ts';

function stored(position: number, changes: Partial<StoredEvent> = {}): StoredEvent {
  return { ...sample(), stream: streamOf('patient'), revision: 0, position, recordedAt: 1_700_000_000_000, ...changes };
}

/** As a broker hands it back: text has become bytes. */
function received(
  message: ReturnType<typeof encodeEvent> | ReturnType<typeof encodeWatermark>,
  offset = 0,
): KafkaMessage {
  const headers = Object.entries(message.headers ?? {}).map(([name, text]) => [name, Buffer.from(String(text))]);
  return { ...message, offset: String(offset), headers: Object.fromEntries(headers) } as KafkaMessage;
}

const asMessage = (event: StoredEvent, offset = event.position): KafkaMessage =>
  received(encodeEvent(event, keyOf(event)), offset);

describe('messages of the Kafka bus', () => {
  it.each([
    ['plain', {}],
    ['without data', { data: new Uint8Array() }],
    ['with every byte', { data: Uint8Array.from({ length: 256 }, (_, i) => i) }],
    ['with a gap in its stream', { revision: 7, position: Number.MAX_SAFE_INTEGER }],
    ['with an envelope nobody can read', { meta: 'no JSON ⚕' }],
  ])('an event %s comes back as it was', (_name, changes) => {
    const event = stored(3, changes);
    expect(decodeMessage(asMessage(event))).toEqual({ kind: 'event', event });
  });

  it('have no time of their own, by which retention would take old events for expired', () => {
    expect(encodeEvent(stored(1), { key: 'p', traceparent: undefined })).not.toHaveProperty('timestamp');
  });

  it('are keyed by the patient, else by the stream, and carry the trace', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const of = (meta: string): unknown => keyOf(stored(1, { stream: 'slot-1', meta }));
    expect(of(JSON.stringify({ subject: 'p', traceparent }))).toEqual({ key: 'p', traceparent });
    expect(of('{}')).toEqual({ key: 'slot-1', traceparent: undefined });
    expect(of('{')).toEqual({ key: 'slot-1', traceparent: undefined });
    const event = stored(1);
    expect(encodeEvent(event, { key: 'p', traceparent }).headers['traceparent']).toBe(traceparent);
  });

  it.each([
    [{ value: Buffer.from('x'), headers: {} }],
    [{ value: null, headers: { id: Buffer.from('i') } }],
    [{ value: Buffer.from('x'), headers: { through: Buffer.from('1.5') } }],
    [{ ...asMessage(stored(1)), value: null }],
  ])('that are none of ours are told apart', (message) => {
    expect(decodeMessage(message)).toEqual({ kind: 'foreign' });
  });
});

describe('topics and lanes', () => {
  it('every stream has its context, records of access none', () => {
    const contexts = ['patient', 'observation', 'medication-request', 'claim', 'location', 'identifier', 'command'];
    expect(contexts.map((kind) => contextOfStream(streamOf(kind)))).toEqual([
      'patients',
      'encounters',
      'orders',
      'billing',
      'directory',
      'patients',
      'audit',
    ]);
    expect(contextOfStream(streamOf('access'))).toBeUndefined();
  });

  it('prefixes name the topics that their streams can be in', () => {
    expect(contextsOfPrefixes(['claim-', 'patient-'])).toEqual(['patients', 'billing']);
    expect(contextsOfPrefixes(['device-'])).toEqual(['encounters', 'orders']);
    expect(contextsOfPrefixes(['patient-0af7'])).toEqual(['patients']);
    expect(contextsOfPrefixes(['unheard-of-'])).toEqual(BUS_CONTEXTS);
  });

  it('a lane is found by its name', () => {
    const lane = { topic: 'a/b.orders', partition: 12 };
    expect(laneOf(laneName(lane))).toEqual(lane);
  });

  it('a mark that is none of ours is none', () => {
    expect(decodeMark(encodeMark({ through: 5, contexts: ['orders'] }))).toEqual({ through: 5, contexts: ['orders'] });
    expect([decodeMark(null), decodeMark(''), decodeMark('{}'), decodeMark('{"through":"5"}')]).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe('a batch as deliveries', () => {
  const wants = { group: 'g', batchSize: 2, wanted: () => true, through: 0, passOver: 0, foreign: () => undefined };
  const parts = (messages: KafkaMessage[], changes: Partial<typeof wants> = {}): LanePart[] => [
    ...partsOf({ messages }, { ...wants, ...changes }),
  ];
  const positions = (made: LanePart[]): number[][] => made.map(({ events }) => events.map(({ position }) => position));

  it('is cut where it is large, and says how far the lane is complete', () => {
    const made = parts(
      [1, 2, 3].map((position) => asMessage(stored(position))).concat(received(encodeWatermark(9), 4)),
    );
    expect(positions(made)).toEqual([[1, 2], [3]]);
    expect(made.map(({ through, lastOffset }) => [through, lastOffset])).toEqual([
      [2, '2'],
      [9, '4'],
    ]);
  });

  it('never goes back, whatever comes late', () => {
    const made = parts([asMessage(stored(4), 0), asMessage(stored(2), 1)], { batchSize: 1, through: 6 });
    expect(made.map(({ through }) => through)).toEqual([6, 6]);
  });

  it('passes over what was handled or not asked for, in silence', () => {
    const events = [stored(1), stored(2, { stream: streamOf('order') })];
    const made = parts(
      events.map((event) => asMessage(event)),
      {
        passOver: 1,
        through: 2,
        wanted: ((stream: string) => stream.startsWith('patient-')) as () => boolean,
      },
    );
    expect(made).toEqual([{ events: [], through: 2, silent: true, lastOffset: '2' }]);
  });

  it('a letter that comes again stands alone, is its own group’s, and says nothing of the lane', () => {
    const letter = asMessage(stored(1), 6);
    letter.headers!['again-for'] = Buffer.from('g');
    const made = parts([asMessage(stored(5), 5), letter, asMessage(stored(7), 7)]);
    expect(positions(made)).toEqual([[5], [1], [7]]);
    expect(made.map(({ through }) => through)).toEqual([5, 5, 7]);
    expect(positions(parts([letter], { group: 'other' }))).toEqual([[]]);
  });

  it.each([
    [
      { committed: undefined, kept: undefined, resumeAt: undefined, from: 7 },
      { through: 7, passOver: 7, next: 0n, rewind: false },
    ],
    [
      { committed: 4n, kept: 9, resumeAt: undefined, from: 7 },
      { through: 9, passOver: 0, next: 4n, rewind: false },
    ],
    [
      { committed: 4n, kept: 9, resumeAt: 12, from: undefined },
      { through: 12, passOver: 12, next: 4n, rewind: false },
    ],
    [
      { committed: 4n, kept: 9, resumeAt: 5, from: undefined },
      { through: 5, passOver: 5, next: 0n, rewind: true },
    ],
    [
      { committed: 4n, kept: undefined, resumeAt: 5, from: 1 },
      { through: 5, passOver: 5, next: 0n, rewind: true },
    ],
  ])('a lane is taken up where it was left: %j', ({ committed, kept, resumeAt, from }, start) => {
    expect(startOf(committed, kept, resumeAt, from)).toEqual(start);
  });
});

describe('what the relay sends', () => {
  const result = (
    topicName: string,
    partition: number,
    errorCode = 0,
  ): Parameters<typeof acknowledgedOnce>[0][number] => ({
    topicName,
    partition,
    errorCode,
  });

  it('counts only when every lane was acknowledged exactly once', () => {
    const lanes = ['a/0', 'a/1'];
    expect(acknowledgedOnce([result('a', 1), result('a', 0)], lanes)).toBe(true);
    expect(acknowledgedOnce([result('a', 0)], lanes)).toBe(false);
    expect(acknowledgedOnce([result('a', 0), result('a', 0), result('a', 1)], lanes)).toBe(false);
    expect(acknowledgedOnce([result('a', 0), result('a', 0)], lanes)).toBe(false);
    expect(acknowledgedOnce([result('a', 0), result('b', 1)], lanes)).toBe(false);
    expect(acknowledgedOnce([result('a', 0), result('a', 1, 7)], lanes)).toBe(false);
  });

  it('is cut where it is too large, and each piece says how far it goes', () => {
    const events = [1, 2, 3].map((position) => stored(position, { data: new Uint8Array(1_000) }));
    const cut = (max: number): unknown =>
      [...chunksOf(events, 9, max)].map((chunk) => [chunk.events.length, chunk.through]);
    expect(cut(1_000_000)).toEqual([[3, 9]]);
    expect(cut(3_100)).toEqual([
      [2, 2],
      [1, 9],
    ]);
    expect(cut(1)).toEqual([
      [1, 1],
      [1, 2],
      [1, 9],
    ]);
    expect([...chunksOf([], 9, 1)]).toEqual([{ events: [], through: 9 }]);
  });
});
