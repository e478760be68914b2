import { setTimeout as wait } from 'node:timers/promises';
import type { ServiceName } from '@anamnesis/identity';
import type { ServiceProcess, Stack } from '@anamnesis/stack';
import type { Draw } from '@anamnesis/testing';
import type { Acknowledged } from '../kill/acknowledged.ts';
import { get } from '../kill/reading.ts';
import { RecordClient, type TokenSource } from '../kill/record-client.ts';
import { until } from './until.ts';

const PROGRESS_LIMIT_MS = 150_000;

export interface FieldOptions {
  readonly stack: Stack;
  readonly tokens: TokenSource;
  readonly acknowledged: Acknowledged;
  /** Outages last a third as long. */
  readonly short: boolean;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** Where faults are made: a stack under load. */
export class Field {
  readonly stack: Stack;
  /** Speaks to the front door. */
  readonly client: RecordClient;
  readonly acknowledged: Acknowledged;
  readonly tell: (line: string) => void;
  /** Events of the log that no projector can make sense of, so far. */
  poison = 0;
  readonly #tokens: TokenSource;
  readonly #short: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #direct = new Map<string, RecordClient>();

  constructor({ stack, tokens, acknowledged, short, tell, signal }: FieldOptions) {
    this.stack = stack;
    this.client = new RecordClient(stack.addresses.url, tokens);
    this.acknowledged = acknowledged;
    this.tell = tell;
    this.#tokens = tokens;
    this.#short = short;
    this.#signal = signal;
  }

  /** Looks until there is something; rejects when that takes too long, and when the run is given up. */
  until<T>(what: string, limitMs: number, look: () => Promise<T | undefined>): Promise<T> {
    return until(what, { limitMs, signal: this.#signal }, look);
  }

  /** An outage: as long as it says, or a third of it in a short run. */
  outage(seconds: number): Promise<void> {
    return wait((seconds * 1_000) / (this.#short ? 3 : 1));
  }

  /** A moment that the seed draws. */
  moment(draw: Draw, mostMs = 500): Promise<void> {
    return wait(draw.whole(0, mostMs));
  }

  /** Resolves when so many more writes were acknowledged; rejects when that takes too long. */
  async progress(writes: number, during: string): Promise<void> {
    const wanted = this.acknowledged.writes + writes;
    await this.until(`${writes} acknowledged writes ${during}`, PROGRESS_LIMIT_MS, () =>
      Promise.resolve(this.acknowledged.writes >= wanted || undefined),
    );
  }

  /** Speaks to one process of a service. */
  at({ url }: ServiceProcess): RecordClient {
    let client = this.#direct.get(url);
    if (client === undefined) this.#direct.set(url, (client = new RecordClient(url, this.#tokens)));
    return client;
  }

  processes(service: ServiceName): readonly ServiceProcess[] {
    return this.stack.services.filter((one) => one.service === service);
  }

  /** What an operator is told, as JSON. */
  async told<T>(path: string, of: RecordClient = this.client): Promise<T> {
    return JSON.parse((await get(of, path, 'operator')).text) as T;
  }

  close(): void {
    this.client.close();
    for (const client of this.#direct.values()) client.close();
  }
}
