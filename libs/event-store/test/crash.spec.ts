import { describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import type { StoredEvent } from '@anamnesis/event-store';
import { temporaryFolder } from './open-embedded.ts';
import { output, runProcess } from './run-process.ts';

const KILLS = 5;

describe('a process killed while it writes', () => {
  it('leaves every acknowledged event exactly once, in a log without gaps', async () => {
    const folder = await temporaryFolder();
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const child = runProcess('./writing-process.ts', folder);
      child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), 20 + Math.random() * 200));
      const [first, ...lines] = (await output(child)).split('\n');
      expect(first).toBe('open');
      acknowledged.push(...lines.flatMap((line) => (line === '' ? [] : line.split(','))));

      const store = await EmbeddedEventStore.open({ folder });
      const events = everything(store);
      const times = new Map<string, number>();
      for (const { id } of events) times.set(id, (times.get(id) ?? 0) + 1);
      expect(acknowledged.filter((id) => times.get(id) !== 1)).toEqual([]);
      expect(events.every(({ position }, i) => position === i + 1)).toBe(true);
      expect(denseRevisions(events)).toBe(true);
      expect(store.checkIntegritySync()).toEqual([]);
      await store.close();
    }
    expect(acknowledged.length).toBeGreaterThan(KILLS);
    await rm(folder, { recursive: true });
  });
});

function everything(store: EmbeddedEventStore): StoredEvent[] {
  const all: StoredEvent[] = [];
  for (;;) {
    const page = store.readAllSync({ from: all.at(-1)?.position ?? 0, limit: 10_000 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function denseRevisions(events: readonly StoredEvent[]): boolean {
  const next = new Map<string, number>();
  return events.every(({ stream, revision }) => {
    const expected = next.get(stream) ?? 0;
    next.set(stream, expected + 1);
    return revision === expected;
  });
}
