/** EventStoreDB and the shared key vault, as the audit sequencer's thread opens them for itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodedRawLog } from '@anamnesis/event-store';
import { EventStoreDb } from '@anamnesis/event-store/eventstoredb';
import type { ClusterConfig } from './config.ts';
import { type KeySettings, keySettings, openKeyReader } from './open-key-vault.ts';

export type LogSourceOptions = KeySettings & Pick<ClusterConfig, 'eventStore'>;

/** How often the log's end is looked at when nothing else says that it moved, in milliseconds. */
const LOOK_MS = 100;

/** The settings that the thread needs; they cross to it by structured clone. */
export function logSourceOptions(config: ClusterConfig): LogSourceOptions {
  return { ...keySettings(config), eventStore: config.eventStore };
}

export async function openLogSource(options: unknown) {
  const settings = options as LogSourceOptions;
  const reader = await EventStoreDb.open({ connectionString: settings.eventStore! });
  const keys = await openKeyReader(settings);
  return {
    reader,
    keys,
    raw: encodedRawLog(reader),
    moved: async () => {
      await sleep(LOOK_MS);
    },
    close: async () => {
      await keys.close();
      await reader.close();
    },
  };
}
