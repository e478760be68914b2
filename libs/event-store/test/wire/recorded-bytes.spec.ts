import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { streams } from '../../src/wire/protocol.ts';
import { readEventBytes } from '../../src/wire/recorded-bytes.ts';
import { logName } from '../../src/wire/stream-names.ts';
import { dataOf, streamOf, toNewEvent, typeOf } from '../../src/wire/wire-event.ts';
import { varintSize, writeVarint } from '../../src/wire/varint.ts';

const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ unit: 'grapheme', maxLength: 300 });
const event = fc.record({
  stream: fc.oneof(
    text.filter((name) => name !== ''),
    fc.stringMatching(/^[a-z0-9-]{1,200}$/),
  ),
  id: fc.uuid(),
  type: text,
  contentType: text,
  metadata: fc.uint8Array({ maxLength: 300 }),
  data: fc.uint8Array({ maxLength: 300 }),
  revision: number,
  position: number,
  recordedAt: fc.integer({ min: 0, max: 8.64e15 }),
});

describe('an event on its way through the log', () => {
  it('comes out as the protocol says, whatever is in it', () => {
    fc.assert(
      fc.property(event, fc.boolean(), (given, inAll) => {
        const { stream, revision, position, recordedAt } = given;
        const stored = { ...toNewEvent(stream, given), stream: logName(stream), revision, position, recordedAt };
        expect([streamOf(stored), typeOf(stored), [...dataOf(stored)]]).toEqual([stream, given.type, [...given.data]]);

        const bytes = readEventBytes({ event: stored }, 'text', inAll ? position : undefined);
        const answer = streams.ReadResp.deserializeBinary(bytes).getEvent()!;
        expect(answer.hasNoPosition()).toBe(!inAll);
        if (inAll) expect(answer.getCommitPosition()).toBe(String(position));
        const read = answer.getEvent()!;
        expect(Buffer.from(read.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe(stream);
        expect(read.getId()!.getString()).toBe(given.id);
        expect([read.getStreamRevision(), read.getPreparePosition(), read.getCommitPosition()]).toEqual(
          [revision, position, position].map(String),
        );
        expect(Object.fromEntries(read.getMetadataMap().getEntryList())).toEqual({
          type: given.type,
          'content-type': given.contentType,
          created: `${recordedAt}0000`,
        });
        expect([...read.getCustomMetadata_asU8()]).toEqual([...given.metadata]);
        expect([...read.getData_asU8()]).toEqual([...given.data]);
      }),
    );
  });

  it('carries its link, and a link alone', () => {
    const proposed = {
      id: 'c5d3ed0f-5c0a-4bd0-9a3e-7f4a3a8c7c11',
      type: 't',
      contentType: 'c',
      metadata: new Uint8Array(),
      data: new Uint8Array(),
    };
    const stored = { ...toNewEvent('a', proposed), stream: 'a', revision: 1, position: 2, recordedAt: 3 };
    const both = streams.ReadResp.deserializeBinary(readEventBytes({ event: stored, link: stored }, 'halves', 9));
    expect(both.getEvent()!.getLink()!.toObject()).toEqual(both.getEvent()!.getEvent()!.toObject());
    const alone = streams.ReadResp.deserializeBinary(readEventBytes({ link: stored }, 'text'));
    expect([alone.getEvent()!.hasEvent(), alone.getEvent()!.hasLink()]).toEqual([false, true]);
  });
});

describe('a varint', () => {
  it('is as long as it says, and means the number', () => {
    fc.assert(
      fc.property(number, (value) => {
        const target = Buffer.alloc(10);
        const end = writeVarint(target, 0, value);
        expect(end).toBe(varintSize(value));
        const read = [...target.subarray(0, end)].reduceRight((sum, octet) => sum * 128n + BigInt(octet & 127), 0n);
        expect(read).toBe(BigInt(value));
      }),
    );
  });
});

describe('the name in the log', () => {
  it('is one that the log takes, and another one for each stream', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(logName(a)).toMatch(/^[a-z0-9-]{1,200}$/);
        expect(logName(a) === logName(b)).toBe(a === b);
        expect(logName(logName(a)) === logName(a)).toBe(logName(a) === a);
      }),
    );
  });
});
