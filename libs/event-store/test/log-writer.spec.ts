import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { samples, streamOf } from '@anamnesis/event-store/contract';
import { openEmbeddedReader, type EmbeddedReader } from '@anamnesis/event-store/embedded';
import type { StreamWrite } from '@anamnesis/event-store';
import { Outbox, readRequests, type AppendOutcome } from '../src/embedded/append-message.ts';
import { LogWriter } from '../src/embedded/log-writer.ts';
import { openForWriting } from '../src/embedded/log-database.ts';
import { StreamTails } from '../src/embedded/stream-tails.ts';
import { temporaryFolder } from './open-embedded.ts';

describe('the log writer', () => {
  let folder: string;
  let database: DatabaseSync;
  let reader: EmbeddedReader;
  let now = 1_000;

  beforeEach(async () => {
    folder = await temporaryFolder();
    database = openForWriting(folder, 512 * 1024);
    reader = openEmbeddedReader({ folder });
  });
  afterEach(async () => {
    await reader.close();
    database.close();
    await rm(folder, { recursive: true });
  });

  function commit(writer: LogWriter, ...group: StreamWrite[][]): AppendOutcome[] {
    const outbox = new Outbox();
    for (const writes of group) outbox.add(writes);
    return writer.commit(readRequests(outbox.message));
  }
  const fresh = (size = 10): StreamWrite[] => [
    { stream: streamOf(), expected: 'none', events: samples(1).map((e) => ({ ...e, data: new Uint8Array(size) })) },
  ];

  it('keeps the clock as it was, and finds positions by its running maximum', () => {
    const writer = new LogWriter(database, () => now);
    for (now of [1_000, 2_000, 1_500, 1_999, 2_000, 3_000]) commit(writer, fresh());
    expect(reader.readAllSync().map(({ recordedAt }) => recordedAt)).toEqual([
      1_000, 2_000, 1_500, 1_999, 2_000, 3_000,
    ]);
    const expected: [number, number][] = [
      [999, 0],
      [1_000, 1],
      [1_999, 1],
      [2_000, 5],
      [2_999, 5],
      [3_000, 6],
      [9e15, 6],
    ];
    for (const [instant, position] of expected)
      expect([instant, reader.positionAtSync(instant)]).toEqual([instant, position]);
    const opened = new LogWriter(database, () => 500);
    commit(opened, fresh());
    expect([reader.positionAtSync(2_999), reader.positionAtSync(3_000)]).toEqual([5, 7]);
  });

  it('takes a group back whole when the disk is full, and goes on where it stood', () => {
    const writer = new LogWriter(database, () => now);
    const [known] = [fresh()];
    commit(writer, known);
    const follow: StreamWrite[] = [{ ...known[0]!, expected: 0, events: samples(1) }];
    expect(() => commit(writer, fresh(), follow, fresh(1024 * 1024))).toThrow('database or disk is full');
    expect(writer.head).toBe(1);
    expect(database.isTransaction).toBe(false);
    // The same append again, at the revision it was refused with the others: neither done nor half remembered.
    expect(commit(writer, follow, fresh())).toMatchObject([{ position: 2, revisions: [1] }, { position: 3 }]);
    expect(reader.readAllSync().map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(reader.checkIntegritySync()).toEqual([]);
  });

  it('answers conditions and conflicts of a group by what the requests before them did', () => {
    const writer = new LogWriter(database, () => now);
    const [one] = [fresh()];
    const condition = [{ ...one[0]!, expected: 0, events: [] }];
    const rival = [{ ...one[0]!, events: samples(1) }];
    expect(commit(writer, condition, one, condition, rival)).toMatchObject([
      { conflict: 0, actual: -1 },
      { position: 1, revisions: [0] },
      { position: 1, revisions: [0] },
      { conflict: 0, actual: 0 },
    ]);
  });

  it('keeps the tails of the streams written last, and no more', () => {
    const tails = new StreamTails(2);
    const tail = { id: 1, revision: 0, lastEvent: '' };
    tails.set('a', tail);
    tails.set('b', tail);
    tails.set('a', { ...tail, revision: 1 });
    tails.set('c', tail);
    expect([tails.get('a')?.revision, tails.get('b'), tails.get('c')?.revision]).toEqual([1, undefined, 0]);
  });
});
