import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Journal } from '@anamnesis/journal';
import { Fault } from '@anamnesis/kernel';
import type { KeyVault } from '@anamnesis/key-vault';
import { AccessRecorder } from './access-recorder.ts';
import { AccessSpool } from './access-spool.ts';
import { SealedSpool } from './sealed-spool.ts';

export const SPOOL_BYTES = 16 * 1024 * 1024;
const DRAIN_EVERY_MS = 5_000;

export interface OpenAccessesOptions {
  /** The file with the reserved space; one process a file. */
  readonly spool: string;
  readonly journal: Journal;
  readonly vault: KeyVault;
  /** Names the process among those that record, so that no two of them write to one stream. */
  readonly writer?: string;
  readonly spoolBytes?: number;
}

/** The record of accesses of one process. */
export interface Accesses {
  readonly recorder: AccessRecorder;
  close(): Promise<void>;
}

/** Opens the recorder and its spool over a journal and a vault; owns neither of these. */
export async function openAccesses(options: OpenAccessesOptions): Promise<Accesses> {
  const { spool: path, journal, vault, writer, spoolBytes = SPOOL_BYTES } = options;
  await mkdir(dirname(path), { recursive: true });
  const spool = new SealedSpool(await AccessSpool.open(path, spoolBytes), vault);
  const named = writer === undefined ? {} : { writer };
  const recorder = new AccessRecorder({ journal, now: () => Date.now(), spool, ...named });
  const stop = new AbortController();
  const upkeep = keepUp(spool, recorder, stop.signal);
  return {
    recorder,
    close: async () => {
      stop.abort();
      await upkeep;
      await spool.close();
    },
  };
}

/** Has the month's key at hand, and brings spooled records into the log as soon as it takes them again. */
async function keepUp(spool: SealedSpool, recorder: AccessRecorder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await spool.prepare(Date.now());
      if (!spool.isEmpty) await recorder.drain();
    } catch (error) {
      // A full disk or a silent vault: they stay where they are until the next round.
      if (!(error instanceof Fault)) throw error;
    }
    await sleep(DRAIN_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
