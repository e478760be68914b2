import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type EventMeta } from '@anamnesis/kernel';
import { currentTraceparent, startTelemetry, trace } from '@anamnesis/service';
import { OtlpCollector, type ReceivedSpan } from '@anamnesis/testing';
import type { Pending, Work } from '../src/index.ts';
import { TracedJournal } from '../src/traced-journal.ts';
import { temporaryJournal, type TemporaryJournal } from './temporary.ts';

const actor = { id: 'user-1', role: 'physician', purpose: 'TREAT' };
const work = (more: Partial<Work> = {}): Work => ({ command: newId(), actor, correlation: 'request-1', ...more });
const admitted = (stream: string, more: Partial<Pending> = {}): Pending => ({
  stream,
  expected: 'none',
  facts: [{ type: 'PatientAdmitted', schema: 1, facts: { note: 'Mustermann' } }],
  dataClass: 'clinical',
  ...more,
});
const newStream = (kind = 'encounter'): string => `${kind}-${randomUUID()}`;

describe('a journal that reports', () => {
  let its: TemporaryJournal;
  let journal: TracedJournal;
  let collector: OtlpCollector;
  /** What each case's request was called by, and what its event carries. */
  const requests = new Map<string, string | undefined>();
  const stored = new Map<string, string | undefined>();

  async function commit(name: string, pending: readonly Pending[], more: Partial<Work> = {}): Promise<void> {
    await trace(name, {}, async () => {
      requests.set(name, currentTraceparent());
      await journal.commit(pending, work(more)).catch(() => undefined);
    });
    const [event] = await its.store.readStream(pending[0]!.stream);
    stored.set(name, event && (JSON.parse(event.meta) as EventMeta).traceparent);
  }

  beforeAll(async () => {
    its = await temporaryJournal();
    journal = new TracedJournal(its.store, its.vault);
    collector = await OtlpCollector.listen();
    Object.assign(process.env, collector.env);
    const stop = await startTelemetry(process.env);
    const taken = newStream();
    await commit('named', [admitted(newStream())], {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    await commit('unnamed', [admitted(taken), admitted(newStream())]);
    await commit('access', [admitted(newStream('access'), { dataClass: 'access' })]);
    await commit('late', [admitted(taken)]);
    await its.store.close();
    await trace('closed', {}, () => journal.commit([admitted(newStream())], work()).catch(() => undefined));
    await stop();
  });

  afterAll(async () => {
    await collector.close();
    await its.remove();
  });

  const appends = (): readonly ReceivedSpan[] => collector.spans.filter(({ name }) => name === 'append');
  const appendOf = (request: string): ReceivedSpan => {
    const within = collector.spans.find(({ name }) => name === request)!;
    return appends().find(({ parentSpanId }) => parentSpanId === within.spanId)!;
  };

  it('traces an append in the trace that the work names, and no other', () => {
    const [append] = appends().filter(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c');
    expect(append).toMatchObject({ kind: 'client', parentSpanId: 'b7ad6b7169203331', failed: false });
    expect(appendOf('named')).toBeUndefined();
  });

  it('has events carry the trace of the request in which they are made', () => {
    expect(stored.get('unnamed')).toBe(requests.get('unnamed'));
    expect(appendOf('unnamed').attributes).toMatchObject({
      'db.system.name': 'sqlite',
      'db.operation.name': 'append',
      'anamnesis.events': 2,
      'anamnesis.streams': 2,
    });
  });

  it('does not take records of access for those of the request in whose turn they are stored', () => {
    expect(stored.has('access')).toBe(true);
    expect(stored.get('access')).toBeUndefined();
  });

  it('tells a conflict, which is no error, and a store that fails, which is one', () => {
    expect(appendOf('late')).toMatchObject({ failed: false, attributes: { 'anamnesis.conflict': true } });
    expect(appendOf('closed')).toMatchObject({ failed: true, attributes: { 'error.type': 'stopping' } });
  });

  it('times appends by their outcome, and counts events that were appended', () => {
    const found = collector.points.filter(({ name }) => name === 'db.client.operation.duration');
    const outcomes = found.map(({ attributes, value }) => [attributes['error.type'], value]);
    expect(outcomes).toEqual(
      expect.arrayContaining([
        [undefined, 4],
        ['stopping', 1],
      ]),
    );
    expect(collector.points).toContainEqual(expect.objectContaining({ name: 'anamnesis.append.events', value: 4 }));
  });

  it('tells nothing of what is appended, nor to which stream', () => {
    expect(collector.text).not.toMatch(/Mustermann|PatientAdmitted|encounter-|access-/);
  });
});
