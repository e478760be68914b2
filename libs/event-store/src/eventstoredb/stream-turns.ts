/**
 * Takes turns at streams within this process, so that its own appends to one stream do not drive each other off the
 * tail. Rivals in other processes are kept apart by the store. Streams are taken in one order, so nobody waits for
 * each other.
 */
export class StreamTurns {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(streams: readonly string[], task: () => Promise<T>): Promise<T> {
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    // Entered for all streams in this tick: whoever comes later stands behind in each of them.
    const before = streams.map((stream) => this.#last.get(stream));
    for (const stream of streams) this.#last.set(stream, done);
    try {
      await Promise.all(before);
      return await task();
    } finally {
      for (const stream of streams) if (this.#last.get(stream) === done) this.#last.delete(stream);
      release();
    }
  }
}
