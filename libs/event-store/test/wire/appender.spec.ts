/** Decisions that rest on appends which have not reached the disk, or never do. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from '@anamnesis/kernel';
import { newId } from '@anamnesis/kernel';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { Appender, type WriteOutcome } from '../../src/wire/appender.ts';
import { CommitBell } from '../../src/wire/commit-bell.ts';
import { StreamStates } from '../../src/wire/stream-states.ts';
import type { ProposedEvent } from '../../src/wire/wire-event.ts';
import { failure } from './open-wire.ts';

const QUEUE = 5;

let folder: string;
let store: EmbeddedEventStore;
let appender: Appender;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-wire-'));
  store = await EmbeddedEventStore.open({ folder, queuedEvents: QUEUE });
  appender = new Appender(store, new StreamStates(store), new CommitBell());
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

function proposed(): ProposedEvent {
  const nothing = new Uint8Array();
  return { id: newId(), type: 't', contentType: 'c', metadata: nothing, data: nothing };
}

const written = (results: PromiseSettledResult<WriteOutcome>[]): number[] =>
  results.flatMap((result) =>
    result.status === 'fulfilled' && result.value.kind === 'written' ? [result.value.revision] : [],
  );

describe('appends that rest on ones which the log did not take', () => {
  it('are decided anew, on what is there', async () => {
    const burst = Array.from({ length: 3 * QUEUE }, () => appender.append('a', 'any', [proposed()]));
    const first = Promise.allSettled(burst);
    // The refusals are known, and what was taken is not on the disk yet.
    await Promise.resolve().then(() => Promise.resolve());
    await setImmediate();
    const later = await Promise.allSettled([appender.append('a', 'any', [proposed()])]);
    const results = await first;
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as Fault);
    expect(refused.length).toBe(2 * QUEUE);
    expect(refused.every(({ code, retryable }) => code === 'overloaded' && retryable)).toBe(true);
    expect(written(results)).toEqual([0, 1, 2, 3, 4]);
    const after = await appender.append('a', 'any', [proposed()]);
    const revisions = [...written(results), ...written(later), (after as { revision: number }).revision];
    expect(revisions).toEqual(revisions.map((_, i) => i));
    expect(store.readStreamSync('a')).toHaveLength(revisions.length);
  });

  it('are refused only by what is on the disk', async () => {
    const filling = Array.from({ length: QUEUE }, (_, i) => appender.append(`s-${i}`, 'any', [proposed()]));
    const refused = failure(appender.append('a', 'no-stream', [proposed()]));
    const rival = appender.append('a', 'no-stream', [proposed()]);
    expect(await refused).toMatchObject({ code: 'overloaded' });
    // The rival met the first one, which failed: it is not told that there is a stream.
    expect(await rival.catch((error: unknown) => error)).not.toMatchObject({ kind: 'wrong-version' });
    await Promise.all(filling);
  });
});

describe('an append that comes again while the first is under way', () => {
  it('is answered as the first, and there once', async () => {
    const event = proposed();
    for (const expected of ['any', 'no-stream'] as const) {
      const stream = `twice-${expected}`;
      const again = [1, 2, 3].map(() => appender.append(stream, expected, [event]));
      const [one, ...others] = await Promise.all(again);
      expect(one).toMatchObject({ kind: 'written', revision: 0 });
      expect(others).toEqual([one, one]);
      expect(store.readStreamSync(stream)).toHaveLength(1);
    }
  });
});

describe('a store that has ended', () => {
  it('is told as it is', async () => {
    await store.close();
    expect(await failure(appender.append('a', 'any', [proposed()]))).toMatchObject({ code: 'stopping' });
  });
});
