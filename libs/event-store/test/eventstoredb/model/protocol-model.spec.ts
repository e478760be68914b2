import { describe, expect, it } from '@jest/globals';
import { Fault, derivedId } from '@anamnesis/kernel';
import type { ExpectedRevision, NewEvent, StreamWrite } from '@anamnesis/event-store';
import { appendWrites } from '../../../src/eventstoredb/append-protocol.ts';
import { appendRequest } from '../../../src/eventstoredb/append-request.ts';
import { readTail } from '../../../src/eventstoredb/settle.ts';
import type { Protocol, Step } from '../../../src/eventstoredb/step.ts';
import { Tails } from '../../../src/eventstoredb/tails.ts';
import { readVisible, type VisibleEvent } from '../../../src/eventstoredb/visible.ts';
import { explore, type Ending, type Model } from './explore.ts';
import type { Act, World } from './world.ts';

/** Set, the largest cases are explored with second attempts too: 70,000 states, some minutes. */
const AGAIN = process.env['ANAMNESIS_TEST_EXHAUSTIVE'] === '1' ? 2 : 1;

const ROOT = '00000000-0000-8000-8000-000000000001';

const events = new Map<string, NewEvent>();

function event(name: string): NewEvent {
  const known = events.get(name);
  if (known) return known;
  const made = { id: derivedId(ROOT, name), type: 'T', schema: 1, meta: '', data: new Uint8Array() };
  events.set(name, made);
  return made;
}

function to(stream: string, expected: ExpectedRevision, ...names: string[]): StreamWrite {
  return { stream, expected, events: names.map(event) };
}

/** A caller of `appendAll`, with what its process remembers; it repeats a call whose outcome it does not know. */
function* caller(name: string, writes: readonly StreamWrite[], attempts: number): Protocol<unknown> {
  const tails = new Tails(10);
  let batches = 0;
  const newBatch = (): string => derivedId(ROOT, `${name} ${batches++}`);
  for (;;) {
    try {
      return yield* appendWrites(appendRequest(writes), { tails, newBatch, attempts });
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'store-unavailable')) throw error;
    }
  }
}

/** Runs a protocol alone. */
function alone<T>(world: World, protocol: Protocol<T>): T {
  const perform = (step: Step): unknown => {
    if (step.kind === 'wait') return step.why === 'contended';
    return step.kind === 'together' ? step.steps.map(perform) : world.perform(step as Act);
  };
  let step = protocol.next();
  while (step.done !== true) step = protocol.next(perform(step.value));
  return step.value;
}

function read(world: World, stream: string): VisibleEvent[] {
  return alone(world, readVisible(stream, { direction: 'forwards', from: 0, limit: 100 }));
}

/** What must hold of every end, whatever happened: all or nothing, once, in one order, and answers that are true. */
function checkEnd(world: World, requests: readonly (readonly StreamWrite[])[], endings: readonly Ending[]): void {
  const names = [...new Set(requests.flat().map(({ stream }) => stream))];
  for (const stream of names) alone(world, readTail(stream));
  const streams = new Map(names.map((stream) => [stream, read(world, stream)]));
  for (const events of streams.values()) {
    const inOrder = events.every(({ position }, i) => i === 0 || position > events[i - 1]!.position);
    if (!inOrder) throw new Error('A stream and the log tell different orders.');
    if (new Set(events.map(({ id }) => id)).size < events.length) throw new Error('An event stands there twice.');
  }
  let stored = 0;
  for (const [i, writes] of requests.entries()) {
    const there = writes.flatMap((one) =>
      one.events.map(({ id }) => streams.get(one.stream)!.find((found) => found.id === id)),
    );
    const all = there.every((found) => found !== undefined);
    if (!all && there.some((found) => found !== undefined)) throw new Error('A batch is there in part.');
    const ending = endings[i]!;
    if (ending !== 'crashed' && all !== succeeded(ending)) throw new Error('An answer is not true.');
    if (!all) continue;
    stored += 1;
    for (const write of writes) expectationHeld(streams.get(write.stream)!, write, there[0]!);
  }
  if (stored === 0 && endings.every((ending) => ending !== 'crashed' && 'result' in ending)) {
    throw new Error('Everybody was refused.');
  }
}

/** `none` held when the batch was committed: what stands before its own events came later than the batch. */
function expectationHeld(events: readonly VisibleEvent[], write: StreamWrite, first: VisibleEvent): void {
  if (write.expected === 'any') return;
  const own = write.events[0]?.id;
  const before = events.slice(0, own === undefined ? undefined : events.findIndex(({ id }) => id === own));
  const earlier = before.filter(({ position }) => position < first.position).length;
  const expected = write.expected === 'none' ? 0 : write.expected + 1;
  if (earlier !== expected) throw new Error('A condition did not hold when the batch was committed.');
}

function succeeded(ending: Exclude<Ending, 'crashed'>): boolean {
  return 'result' in ending && !('conflict' in (ending.result as object));
}

/** Rivals, what else goes on beside them, and what may go wrong. */
function model(
  requests: readonly (readonly StreamWrite[])[],
  { crashes = 0, faults = 0, attempts = 2, beside = [] }: Partial<Pick<Model, 'crashes' | 'faults'>> & Beside,
): Model {
  return {
    crashes,
    faults,
    start: () => [
      ...requests.map((writes, i) => caller(`rival ${i}`, writes, attempts)),
      ...beside.map((make) => make()),
    ],
    check: (world, endings) => checkEnd(world, requests, endings),
  };
}

interface Beside {
  /** How often a rival begins anew. */
  readonly attempts?: number;
  readonly beside?: readonly (() => Protocol<unknown>)[];
}

/** Someone who comes by and settles what is undecided. */
const resolver = (): Protocol<unknown> => readTail('a-1');

/** Someone who reads one stream after the other: what it sees of a batch in the first it must see in the second. */
function* reader(): Protocol<unknown> {
  const look = { direction: 'forwards', from: 0, limit: 100 } as const;
  const first = yield* readVisible('a-1', look);
  const second = yield* readVisible('b-1', look);
  const batches = (events: readonly VisibleEvent[]): (string | undefined)[] =>
    events.map(({ raw }) => raw.envelope?.batch?.id);
  const missing = batches(first).find((batch) => batch !== undefined && !batches(second).includes(batch));
  if (missing !== undefined) throw new Error('A reader saw a part of a batch.');
  return undefined;
}

const both = (name: string): StreamWrite[] => [to('a-1', 'none', `${name} a`), to('b-1', 'none', `${name} b`)];

describe('the commit-record protocol, in every order of its steps', () => {
  it('lets one of two batches over the same streams win', () => {
    expect(explore(model([both('x'), both('y').toReversed()], {})).ends).toBeGreaterThan(10);
  });

  it('survives that a committer stops for ever at any point while another goes on', () => {
    expect(explore(model([both('x'), both('y')], { crashes: 1, attempts: AGAIN })).ends).toBeGreaterThan(5);
  }, 300_000);

  it('survives that somebody aborts a batch whose committer is only slow', () => {
    expect(explore(model([both('x')], { beside: [resolver, resolver] })).ends).toBeGreaterThan(5);
  });

  it('survives two committers and a resolver', () => {
    const rivals = model([both('x'), both('y')], { attempts: AGAIN, beside: [resolver] });
    expect(explore(rivals).ends).toBeGreaterThan(5);
  }, 300_000);

  it('recognises what an append with a lost answer has left', () => {
    expect(explore(model([both('x')], { faults: 2, attempts: 3 })).ends).toBeGreaterThan(20);
  });

  it('keeps a plain append and a batch apart', () => {
    const plain = [to('a-1', 'any', 'y a')];
    const batch = [to('a-1', 'any', 'x a'), to('b-1', 'any', 'x b')];
    expect(explore(model([batch, plain], { crashes: 1 })).ends).toBeGreaterThan(10);
  });

  it('holds a condition up to the commit', () => {
    const guarded = [to('a-1', 'none'), to('b-1', 'any', 'x b')];
    const rival = [to('a-1', 'any', 'y a')];
    expect(explore(model([guarded, rival], { crashes: 1 })).ends).toBeGreaterThan(10);
  });

  it('never shows a reader a part of a batch', () => {
    expect(explore(model([both('x')], { crashes: 1, attempts: 1, beside: [reader, resolver] })).ends).toBeGreaterThan(
      10,
    );
  });
});

describe('the model itself', () => {
  it('finds a committer that does not wait for its intents', () => {
    function* hasty(): Protocol<unknown> {
      const batch = derivedId(ROOT, 'hasty');
      yield { kind: 'decide', batch, listing: [{ stream: 'a-1', first: 0, ids: [ROOT] }] };
      return undefined;
    }
    const run = (): unknown => explore({ start: () => [hasty()], crashes: 0, faults: 0, check: () => undefined });
    expect(run).toThrow('lists what is not');
  });

  it('finds an append above an undecided intent', () => {
    function* careless(): Protocol<unknown> {
      yield { kind: 'append', stream: 'a-1', tail: 0, events: [raw('careless')] };
      return undefined;
    }
    const carelessModel = { ...model([both('x')], { beside: [careless] }), check: () => undefined };
    expect(() => explore(carelessModel)).toThrow('above an undecided intent');
  });

  it('finds a batch that counts in part', () => {
    function* half(): Protocol<unknown> {
      yield { kind: 'append', stream: 'a-1', tail: -1, events: [raw('x a')] };
      return { revisions: [0, 0] };
    }
    const halfModel = { ...model([both('x')], {}), start: () => [half()] };
    expect(() => explore(halfModel)).toThrow('in part');
  });
});

function raw(name: string): { storedId: string; type: string; data: Uint8Array; envelope: NewEvent } {
  const one = event(name);
  return { storedId: one.id, type: one.type, data: one.data, envelope: one };
}
