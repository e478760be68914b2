/** A process that appends from many callers at once and prints each acknowledged event id; made to be killed. */
import { writeSync } from 'node:fs';
import { newId } from '@anamnesis/kernel';
import type { NewEvent } from '@anamnesis/event-store';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';

const store = await EmbeddedEventStore.open({ folder: process.argv[2]! });
writeSync(1, 'open\n');
for (let caller = 0; caller < 16; caller++) void append(caller);

async function append(caller: number): Promise<void> {
  for (;;) {
    const stream = streamOf();
    let expected: number | 'none' = 'none';
    for (let i = 0; i < 5; i++) {
      const events = Array.from({ length: 1 + (caller % 4) }, () => sample());
      const writes = [{ stream, expected, events }];
      if (caller % 2 === 0) writes.push({ stream: streamOf(), expected: 'none', events: [sample()] });
      const result = await store.appendAll(writes);
      if (!result.ok) throw new Error('A writer of its own stream met a conflict.');
      expected = result.revisions[0]!;
      // Written at once: what is acknowledged must be known to the parent, whatever happens next.
      writeSync(1, `${writes.flatMap((one) => one.events.map(({ id }) => id)).join()}\n`);
    }
  }
}

// The contract's samples live beside jest, which is not here.
function streamOf(): string {
  return `observation-${newId()}`;
}

function sample(): NewEvent {
  return { id: newId(), type: 'VitalsTaken', schema: 1, meta: '{}', data: new Uint8Array(300) };
}
