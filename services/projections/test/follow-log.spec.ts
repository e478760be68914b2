import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventOpener } from '@anamnesis/journal';
import { Fault, newId, type FaultCode } from '@anamnesis/kernel';
import type { ReadModelWriter } from '@anamnesis/read-store';
import { persist } from '../src/application/back-off.ts';
import { followLog, type Following } from '../src/application/follow-log.ts';
import { RECORDS } from '@anamnesis/contracts';
import { POISON_EVENT } from '../src/index.ts';
import { TestRecord } from './record.ts';

let record: TestRecord;
let writer: ReadModelWriter;
let following: Following | undefined;
const waits: (FaultCode | undefined)[] = [];

beforeEach(async () => {
  record = await TestRecord.open();
  writer = await record.store.writer(RECORDS);
  waits.length = 0;
});

afterEach(async () => {
  await following?.stop();
  following = undefined;
  await record.close();
});

const follow = async (parts: { opener?: EventOpener; writer?: ReadModelWriter }): Promise<void> => {
  const { log: reader, journal: opener } = record;
  following = await followLog({ reader, opener, writer, onWaiting: (code) => waits.push(code), ...parts });
};

/** The real opener, failing for the first so many batches. */
function failing(times: number, fault: Fault): EventOpener {
  let left = times;
  return {
    open: (stored) => record.journal.open(stored),
    openAll: async (stored) => {
      if (left-- > 0) throw fault;
      return record.journal.openAll(stored);
    },
  };
}

const vaultAway = new Fault('vault-unavailable', 'away', { retryable: true });
const patient = (id: string): Promise<number> => record.write({ type: 'Patient', id, subject: id, content: {} });

describe('following the log through trouble', () => {
  it('waits for a vault that does not answer, says so, and goes on', async () => {
    await follow({ opener: failing(2, vaultAway) });
    const id = newId();
    await patient(id);
    await record.caughtUp();
    expect(await record.records.get('Patient', id)).toBeDefined();
    expect(waits).toEqual(['vault-unavailable', 'vault-unavailable', undefined]);
    expect(await record.records.count({ type: POISON_EVENT })).toBe(0);
  });

  it('waits likewise for a disk', async () => {
    let full = true;
    const onFullDisk: ReadModelWriter = {
      progress: () => writer.progress(),
      close: () => writer.close(),
      apply: async (operations, through) => {
        if (full) throw ((full = false), new Fault('store-full', 'full'));
        await writer.apply(operations, through);
      },
    };
    await follow({ writer: onFullDisk });
    const id = newId();
    await patient(id);
    await record.caughtUp();
    expect(await record.records.get('Patient', id)).toBeDefined();
    expect(waits).toEqual(['store-full', undefined]);
  });

  it('can be stopped while it waits, and loses nothing by it', async () => {
    await follow({ opener: failing(Infinity, vaultAway) });
    const id = newId();
    await patient(id);
    while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await following!.stop().catch(() => undefined);
    expect(await writer.progress()).toBe(0);
    await follow({});
    await record.caughtUp();
    expect(await record.records.get('Patient', id)).toBeDefined();
  });

  it('gives up one document that the store refuses, and no other', async () => {
    const ids = [newId(), newId(), newId()];
    const choosy: ReadModelWriter = {
      progress: () => writer.progress(),
      close: () => writer.close(),
      apply: async (operations, through) => {
        if (operations.some((one) => 'put' in one && one.put.id === ids[1])) throw new TypeError('refused');
        await writer.apply(operations, through);
      },
    };
    await record.write(...ids.map((id) => ({ type: 'Patient', id, subject: id, content: {} })));
    await follow({ writer: choosy });
    await record.caughtUp();
    expect(await Promise.all(ids.map(async (id) => (await record.records.get('Patient', id)) !== undefined))).toEqual([
      true,
      false,
      true,
    ]);
    const { documents } = await record.records.query({ type: POISON_EVENT, limit: 10 });
    expect(documents.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { position: 2, type: 'PatientRecorded', code: 'document-refused' },
    ]);
  });
});

describe('persisting', () => {
  const patience = { signal: new AbortController().signal, onWaiting: () => undefined, firstMs: 1 };

  it('does not repeat what is no fault', async () => {
    let tries = 0;
    const bug = persist(async () => {
      tries += 1;
      throw new TypeError('bug');
    }, patience);
    await expect(bug).rejects.toThrow(TypeError);
    expect(tries).toBe(1);
  });

  it('answers what the work answers', async () => {
    let tries = 0;
    const result = persist(async () => {
      if (++tries < 4) throw vaultAway;
      return tries;
    }, patience);
    expect(await result).toBe(4);
  });
});
