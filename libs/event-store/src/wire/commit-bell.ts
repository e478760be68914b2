/** Wakes those who wait for events: of one stream, by its name in the log, or of any. */
export class CommitBell {
  readonly #ofStream = new Map<string, Set<() => void>>();
  readonly #ofAll = new Set<() => void>();

  /** Calls `wake` at each commit that concerns the stream, or at each one. Answers what ends that. */
  listen(stream: string | undefined, wake: () => void): () => void {
    if (stream === undefined) {
      this.#ofAll.add(wake);
      return () => this.#ofAll.delete(wake);
    }
    const wakes = this.#ofStream.get(stream) ?? new Set();
    this.#ofStream.set(stream, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.#ofStream.get(stream) === wakes) this.#ofStream.delete(stream);
    };
  }

  ring(streams: readonly string[]): void {
    for (const wake of this.#ofAll) wake();
    for (const stream of streams) for (const wake of this.#ofStream.get(stream) ?? []) wake();
  }
}
