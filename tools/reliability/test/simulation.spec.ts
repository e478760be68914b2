import { describe, expect, it } from '@jest/globals';
import type { Delivery, EventBus } from '@anamnesis/event-bus';
import { commitDecided, type Try } from '@anamnesis/kernel';
import { caseSeeds } from '../src/command-line.ts';
import { MemoryModel } from '../src/simulation/memory-model.ts';
import { realParts, type Model, type Parts } from '../src/simulation/parts.ts';
import { planOf } from '../src/simulation/plan.ts';
import { runSimulation, type SimulationOptions } from '../src/simulation/run-simulation.ts';

const PATIENCE = 120_000;
/** A broken part must be found out within so many cases. */
const FOUND_WITHIN = 60;

const simulate = (seed: string, count: number, more: Omit<SimulationOptions, 'seeds'> = {}) =>
  runSimulation({ seeds: caseSeeds(seed, count), ...more });

describe('the simulation', () => {
  it(
    'finds nothing wrong with the real parts',
    async () => {
      const { seeds, failed } = await simulate('spec', 100);
      expect(failed).toEqual([]);
      expect(seeds).toBe(100);
    },
    PATIENCE,
  );

  it('draws the same schedule from the same seed, and another from another', () => {
    expect(planOf('a')).toEqual(planOf('a'));
    expect(planOf('a').steps).not.toEqual(planOf('b').steps);
  });

  it(
    'comes to the same end with the same seed, whatever was run before it',
    async () => {
      const traces = new Map<string, string>();
      const first = (report: { seed: string; trace: string }): unknown => traces.set(report.seed, report.trace);
      await runSimulation({ seeds: ['x-1', 'x-2', 'x-3', 'x-4', 'x-5', 'x-6'], onCase: first });
      const again = new Map<string, string>();
      const second = (report: { seed: string; trace: string }): unknown => again.set(report.seed, report.trace);
      await runSimulation({ seeds: ['x-6', 'x-4', 'x-2', 'x-1', 'x-3', 'x-5'], onCase: second });
      expect(Object.fromEntries(again)).toEqual(Object.fromEntries(traces));
    },
    PATIENCE,
  );

  it('draws every kind of fault', () => {
    const kinds = new Set<string>();
    for (const seed of caseSeeds('kinds', 300)) {
      for (const step of planOf(seed).steps) {
        kinds.add(step.do === 'crash' ? `${step.do} ${step.what} ${step.torn}` : step.do);
        if (step.do === 'deliver') {
          if (step.crash) kinds.add(`dies ${step.crash.stage}`);
          for (const { kind } of step.faults) kinds.add(kind);
        }
        if (step.do === 'write')
          for (const { mishaps } of step.commands) for (const mishap of mishaps) kinds.add(mishap);
      }
    }
    const expected = ['write', 'repeat', 'poison', 'erase', 'deliver', 'crash everything none', 'crash consumers both'];
    expected.push('crash consumers bus', 'crash consumers model', 'dies before', 'dies midst', 'dies after');
    expected.push('fails-before', 'fails-after', 'duplicate', 'replay', 'reorder', 'delay', 'failed');
    expect([...kinds]).toEqual(expect.arrayContaining([...expected, 'took-effect-but-failed']));
  });
});

/** A model without a position guard: what comes last counts, however old it is. Its folders live in memory. */
function unguarded(): Pick<Parts, 'openModel' | 'copy'> {
  const kept = new Map<string, MemoryModel>();
  return {
    openModel: async (folder): Promise<Model> => {
      const writer = kept.get(folder) ?? new MemoryModel();
      kept.set(folder, writer);
      return { writer, get: (type, id) => writer.get(type, id), close: () => writer.close() };
    },
    copy: (from, to) => {
      const model = kept.get(from);
      if (model) kept.set(to, new MemoryModel(model));
      else realParts.copy(from, to);
    },
  };
}

/** The loop without the look for the command's id: what was asked twice is done twice. */
const forgetful: Parts['handle'] = async (task) => {
  const { journal, decider, stream, command, work, subject, dataClass, retries } = task;
  type Answer = Awaited<ReturnType<typeof forgetful<typeof command, unknown, never, typeof work>>>;
  const decide = async (): Promise<Try<Answer>> => {
    const { facts, revision } = await journal.load(stream);
    const decision = decider.decide(
      command,
      facts.reduce((before, fact) => decider.evolve(before, fact), decider.initial),
    );
    if ('refused' in decision) return { settled: { ok: false, refused: decision.refused as never } };
    const done = { ok: true as const, facts: decision.accepted, revision, position: 0, repeated: false };
    if (decision.accepted.length === 0) return { settled: done };
    const own = { stream, expected: revision, facts: decision.accepted, dataClass, ...(subject && { subject }) };
    return { pending: [own], answer: done };
  };
  const { answer, committed } = await commitDecided(journal, work, decide, { retries, recognises: true });
  if (!committed || !answer.ok) return answer;
  return { ...answer, revision: committed.revisions[0]!, position: committed.position };
};

/** A bus that passes over what its handler failed with. */
function careless(...options: Parameters<Parts['openBus']>): EventBus {
  const bus = realParts.openBus(...options);
  return {
    consume: (consuming, handler) => {
      const handleOrPass = (delivery: Delivery): Promise<void> =>
        handler(delivery).catch(() => handleOrPass({ ...delivery, events: [] }));
      return bus.consume(consuming, handleOrPass);
    },
    progress: (group) => bus.progress(group),
    listDeadLetters: (options) => bus.listDeadLetters(options),
    replayDeadLetters: (which) => bus.replayDeadLetters(which),
    close: () => bus.close(),
  };
}

/** A store that answers every tenth append and forgets it. */
function lossy(): Parts['store'] {
  let count = 0;
  return (real) => ({
    ...realMethods(real),
    appendAll: async (writes) => {
      count += 1;
      if (count % 10 !== 0) return real.appendAll(writes);
      return { ok: true, position: await real.head(), revisions: writes.map(() => 0), recordedAt: 1 };
    },
  });
}

function realMethods(real: ReturnType<Parts['store']>): ReturnType<Parts['store']> {
  return {
    append: (write) => real.append(write),
    appendAll: (writes) => real.appendAll(writes),
    readStream: (stream, options) => real.readStream(stream, options),
    readAll: (options) => real.readAll(options),
    head: () => real.head(),
    positionAt: (instant) => real.positionAt(instant),
    subscribe: (options, handler) => real.subscribe(options, handler),
    close: () => real.close(),
  };
}

describe('the simulation finds', () => {
  const broken: readonly (readonly [string, () => Partial<Parts>])[] = [
    ['a read model without a position guard', unguarded],
    ['a loop that does not know its commands again', () => ({ handle: forgetful })],
    ['a bus that notes progress for what was not handled', () => ({ openBus: careless })],
    ['a store that answers before it has stored', () => ({ store: lossy() })],
    [
      'a projector that gives up its batch for one poison event',
      () => ({
        project: async (stored, opener) => {
          const operations = await realParts.project(stored, opener);
          return operations.some((one) => 'put' in one && one.put.type === 'PoisonEvent') ? [] : operations;
        },
      }),
    ],
  ];

  it.each(broken)(
    '%s',
    async (_name, parts) => {
      const { failed } = await simulate('broken', FOUND_WITHIN, { parts: { ...realParts, ...parts() }, failures: 1 });
      expect(failed.length).toBeGreaterThan(0);
    },
    PATIENCE,
  );
});
