/** The embedded log, which answers only while the first number of a shared buffer is 0. */
import { Fault } from '@anamnesis/kernel';
import { openLogSource as openEmbedded } from '../../src/sequencing/embedded-source-thread.ts';
import type { LogSource } from '../../src/sequencing/log-source.ts';

export interface UnsteadySourceOptions {
  readonly folder: string;
  readonly away: SharedArrayBuffer;
}

export async function openLogSource(options: unknown): Promise<LogSource> {
  const { folder, away } = options as UnsteadySourceOptions;
  const source = await openEmbedded({ folder });
  const state = new Int32Array(away);
  return {
    ...source,
    raw: {
      readRaw: async (from, limit) => {
        if (Atomics.load(state, 0) !== 0) {
          Atomics.add(state, 1, 1);
          throw new Fault('store-unavailable', 'The event store does not answer.', { retryable: true });
        }
        return source.raw.readRaw(from, limit);
      },
      readRawAt: (position) => source.raw.readRawAt(position),
    },
  };
}
