import type { AppendResult, StreamWrite } from '../port.ts';

/** Together they stay far below the server's own limit of an append, which is 1 MiB where nobody raised it. */
const MOST_EVENTS = 256;
const MOST_BYTES = 256 * 1024;

interface Member {
  readonly write: StreamWrite;
  readonly done: PromiseWithResolvers<AppendResult>;
}

export interface AnyAppendsOptions {
  alone(write: StreamWrite): Promise<AppendResult>;
  /** Writes to one stream as one append; a result for each, or undefined when nothing can be said of each. */
  together(writes: readonly StreamWrite[]): Promise<readonly AppendResult[] | undefined>;
}

/**
 * Appends that take any revision of a stream, as records of access do, many at a time to the same one. While one is
 * under way those that come wait, and go as one append: the stream costs two calls for all of them instead of two for
 * each. What cannot go together goes alone, and ends as it would have ended.
 */
export class AnyAppends {
  readonly #options: AnyAppendsOptions;
  /** Of each stream that is being appended to, who waits. */
  readonly #waiting = new Map<string, Member[]>();

  constructor(options: AnyAppendsOptions) {
    this.#options = options;
  }

  append(write: StreamWrite): Promise<AppendResult> {
    const waiting = this.#waiting.get(write.stream);
    const done = Promise.withResolvers<AppendResult>();
    if (waiting !== undefined) waiting.push({ write, done });
    else {
      this.#waiting.set(write.stream, []);
      void this.#run(write.stream, [{ write, done }]);
    }
    return done.promise;
  }

  /** Never rejects: every member learns its own end. */
  async #run(stream: string, first: readonly Member[]): Promise<void> {
    for (let group = first; group.length > 0; group = this.#next(stream)) await this.#append(group);
    this.#waiting.delete(stream);
  }

  #next(stream: string): readonly Member[] {
    const waiting = this.#waiting.get(stream)!;
    let [taken, events, bytes] = [0, 0, 0];
    for (const { write } of waiting) {
      events += write.events.length;
      for (const { data, meta } of write.events) bytes += data.byteLength + meta.length;
      if (taken > 0 && (events > MOST_EVENTS || bytes > MOST_BYTES)) break;
      taken += 1;
    }
    return waiting.splice(0, taken);
  }

  async #append(group: readonly Member[]): Promise<void> {
    try {
      const results = group.length > 1 ? await this.#options.together(group.map(({ write }) => write)) : undefined;
      if (results !== undefined) {
        for (const [i, { done }] of group.entries()) done.resolve(results[i]!);
        return;
      }
    } catch (error) {
      for (const { done } of group) done.reject(error);
      return;
    }
    for (const { write, done } of group) await this.#options.alone(write).then(done.resolve, done.reject);
  }
}
