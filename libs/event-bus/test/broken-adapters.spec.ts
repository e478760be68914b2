import { describe, expect, it } from '@jest/globals';
import type { EventBus } from '@anamnesis/event-bus';
import { Fault } from '@anamnesis/kernel';
import { eventBusCases } from '@anamnesis/event-bus/contract';
import { openEmbedded } from './open-embedded.ts';

/** What an adapter could do wrong, and the case of the contract that finds it. */
const BREAKS: readonly { flaw: string; found: string; consume: (bus: EventBus) => EventBus['consume'] }[] = [
  {
    flaw: 'drops a delivery that was rejected',
    found: 'a delivery that its handler rejects comes again until it is taken, and none overtakes it',
    consume: (bus) => (options, handler) =>
      bus.consume(options, (delivery) => handler(delivery).catch(() => undefined)),
  },
  {
    flaw: 'keeps progress before the delivery is taken',
    found: 'what was delivered but not taken comes again when the bus was opened again',
    consume: (bus) => (options, handler) =>
      bus.consume(options, async (delivery) => void handler(delivery).catch(() => undefined)),
  },
  {
    flaw: 'delivers several at a time',
    found: 'deliveries of a lane come one at a time',
    consume: (bus) => (options, handler) => bus.consume(options, async (delivery) => void handler(delivery)),
  },
  {
    flaw: 'delivers a batch in the wrong order',
    found: 'a group is handed every event, each stream in order, and goes on live',
    consume: (bus) => (options, handler) =>
      bus.consume(options, (delivery) => handler({ ...delivery, events: delivery.events.toReversed() })),
  },
  {
    flaw: 'loses an event',
    found: 'through says how far everything has been delivered, and so does progress',
    consume: (bus) => (options, handler) =>
      bus.consume(options, (delivery) => handler({ ...delivery, events: delivery.events.slice(0, 1) })),
  },
  {
    flaw: 'ignores prefixes',
    found: 'through says how far everything has been delivered, and so does progress',
    consume: (bus) => (options, handler) => bus.consume({ ...options, prefixes: [''] }, handler),
  },
  {
    flaw: 'begins at the beginning whatever was asked',
    found: 'a new group begins where it is told, one with progress does not',
    consume: (bus) => (options, handler) => bus.consume({ ...options, resumeAt: 0 }, handler),
  },
  {
    flaw: 'retries what is poison for ever',
    found: 'an event that its handler cannot take goes to the dead letters alone, the rest goes on',
    consume: (bus) => (options, handler) =>
      bus.consume(options, (delivery) => handler(delivery).catch(() => Promise.reject(notNow()))),
  },
  {
    flaw: 'sets aside what meets a fault',
    found: 'a fault while a delivery is split sets nothing aside',
    consume: (bus) => (options, handler) =>
      bus.consume(options, (delivery) => handler(delivery).catch(() => Promise.reject(new Error('poison')))),
  },
];

function notNow(): Fault {
  return new Fault('read-model-unavailable', 'Not now.', { retryable: true });
}

describe("the event bus's contract", () => {
  it.each(BREAKS)('finds an adapter that $flaw', async ({ found, consume }) => {
    const broke = eventBusCases.find(({ name }) => name === found)!;
    const opened = await openEmbedded();
    const broken = (bus: EventBus): EventBus => ({
      consume: consume(bus),
      progress: (group) => bus.progress(group),
      listDeadLetters: (options) => bus.listDeadLetters(options),
      replayDeadLetters: (which) => bus.replayDeadLetters(which),
      close: () => bus.close(),
    });
    try {
      const { store, cleanup } = opened;
      const reopen = async (): Promise<EventBus> => broken(await opened.reopen());
      await expect(broke.run({ bus: broken(opened.bus), store, reopen, cleanup })).rejects.toThrow();
    } finally {
      await opened.cleanup();
    }
  });
});
