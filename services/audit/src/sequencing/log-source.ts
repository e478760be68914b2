import type { EventReader } from '@anamnesis/event-store';
import type { KeyReader } from '@anamnesis/key-vault';
import type { Position } from '@anamnesis/kernel';
import type { RawLog } from '../raw-log.ts';

/** The log and the keys as the sequencer's thread opens them for itself. */
export interface LogSource {
  readonly reader: EventReader;
  readonly raw: RawLog;
  readonly keys: KeyReader;
  /** Resolves when the log may have grown past `position`: at once if it has, and after a second whatever happens. */
  moved(position: Position): Promise<void>;
  close(): Promise<void>;
}

/** Where the thread finds its source: a module that exports `openLogSource`, and what to call it with. */
export interface LogSourceAddress {
  /** A URL that `import` takes. */
  readonly module: string;
  readonly options: unknown;
}

export interface LogSourceModule {
  openLogSource(options: unknown): Promise<LogSource>;
}
