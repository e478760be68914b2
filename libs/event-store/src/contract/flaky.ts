import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore } from '../port.ts';

/** The calls that can be made to fail. */
export type FlakyMethod = 'append' | 'appendAll' | 'readStream' | 'readAll' | 'head' | 'positionAt';

export interface FlakyCall {
  readonly method: FlakyMethod;
  /** How many calls of this method came before. */
  readonly index: number;
}

/** What befalls a call; several may, nothing does where none is given. */
export interface Mishap {
  /** Wait so long (milliseconds) before the call is made. */
  readonly delayMs?: number;
  /** The call is not made, and rejects with this. */
  readonly failBefore?: Error;
  /** The call is made and takes effect, and rejects with this all the same: an unknown outcome. */
  readonly failAfter?: Error;
}

/** A store that fails or delays calls on command; everything else goes through to `store`. */
export function flaky(store: EventStore, script: (call: FlakyCall) => Mishap | undefined): EventStore {
  const counts = new Map<FlakyMethod, number>();
  const meddle = async <T>(method: FlakyMethod, call: () => Promise<T>): Promise<T> => {
    const index = counts.get(method) ?? 0;
    counts.set(method, index + 1);
    const { delayMs, failBefore, failAfter } = script({ method, index }) ?? {};
    if (delayMs !== undefined) await delay(delayMs);
    if (failBefore !== undefined) throw failBefore;
    const result = await call();
    if (failAfter !== undefined) throw failAfter;
    return result;
  };
  return {
    append: (write) => meddle('append', () => store.append(write)),
    appendAll: (writes) => meddle('appendAll', () => store.appendAll(writes)),
    readStream: (stream, options) => meddle('readStream', () => store.readStream(stream, options)),
    readAll: (options) => meddle('readAll', () => store.readAll(options)),
    head: () => meddle('head', () => store.head()),
    positionAt: (instant) => meddle('positionAt', () => store.positionAt(instant)),
    subscribe: (options, handler) => store.subscribe(options, handler),
    close: () => store.close(),
  };
}
