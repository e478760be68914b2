import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@anamnesis/kernel';
import { keyVaultClosed } from '../key-faults.ts';
import type { KeyEncryption, OwnedWrappedKey } from '../key-encryption.ts';
import { unwrapMany, wrapMany } from '../wrap-many.ts';
import type { StateWatch } from './state-watch.ts';
import type { VaultDatabase } from './vault-database.ts';

export interface RotationOptions {
  readonly database: VaultDatabase;
  readonly encryption: KeyEncryption;
  readonly watch: StateWatch;
  /** Milliseconds from a rotation's begin in which keys that were wrapped before may still be inserted. */
  readonly settleMs: number;
  readonly progress: ((done: number, total: number) => void) | undefined;
  /** Stops it between two batches; the next rotation finishes it. */
  readonly signal: AbortSignal;
}

const BATCH = 250;
const LOOK_AGAIN_MS = 250;

/**
 * Rewraps every key under a new version of the key-encryption key, then retires the earlier ones. A rotation that was
 * cut short is finished by the next one, by whatever process: it stands in the state document until it is through.
 */
export async function rotateKeys(options: RotationOptions): Promise<{ version: number; rewrapped: number }> {
  const { database, encryption, progress } = options;
  const version = await begin(options);
  const settled = performance.now() + options.settleMs;
  const total = await database.countOlder(version);
  let rewrapped = 0;
  for (;;) {
    if (options.signal.aborted) throw keyVaultClosed();
    const keys = await database.older(version, BATCH);
    if (keys.length === 0) {
      const left = settled - performance.now();
      if (left <= 0) break;
      await pauseUnlessStopped(Math.min(left, LOOK_AGAIN_MS), options.signal);
      continue;
    }
    await rewrap(options, keys);
    rewrapped += keys.length;
    progress?.(rewrapped, Math.max(total, rewrapped));
  }
  await encryption.retireBefore(version);
  await database.endRotation(version);
  return { version, rewrapped };
}

async function begin({ database, encryption, watch }: RotationOptions): Promise<number> {
  const { rotation, kek } = await watch.refresh();
  await encryption.reach?.(rotation ?? kek);
  if (rotation !== undefined) return rotation;
  const version = await encryption.rotate();
  const at = performance.now();
  watch.learn(await database.beginRotation(version), at);
  return version;
}

async function rewrap({ database, encryption }: RotationOptions, keys: readonly OwnedWrappedKey[]): Promise<void> {
  const plain = (await unwrapMany(encryption, keys)).map((key) => {
    if (key instanceof Fault) throw key;
    return key;
  });
  const wrapped = await wrapMany(
    encryption,
    keys.map(({ owner }, i) => ({ owner, key: plain[i]! })),
  );
  for (const key of plain) key.fill(0);
  await database.rewrap(
    keys.map(({ owner, wrapped: { version } }, i) => ({ owner, wrapped: wrapped[i]!, from: version })),
  );
}

async function pauseUnlessStopped(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined);
}
