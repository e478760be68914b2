/** The embedded log and vault, read in the sequencer's thread. */
import { openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { openEmbeddedKeyReader } from '@anamnesis/key-vault/embedded';
import { keptRawLog } from '../raw-log.ts';
import { headMoved } from './head-watch.ts';
import type { LogSource } from './log-source.ts';

export interface EmbeddedSourceOptions {
  /** The data folder. */
  readonly folder: string;
  /** The head of the log in shared memory, where its owner is this process; else the log is polled. */
  readonly head?: SharedArrayBuffer;
}

export async function openLogSource(options: unknown): Promise<LogSource> {
  const { folder, head } = options as EmbeddedSourceOptions;
  const reader = openEmbeddedReader({ folder, ...(head && { head }) });
  const keys = await openEmbeddedKeyReader({ folder });
  return {
    reader,
    raw: keptRawLog(reader),
    keys,
    moved: (position) => headMoved(head, position),
    close: async () => {
      await keys.close();
      await reader.close();
    },
  };
}
