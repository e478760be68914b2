/** What was opened so far, to be closed in the opposite order: at the end, or at once when the start fails. */
export class Closing {
  readonly #steps: (() => Promise<void> | void)[] = [];
  #closed: Promise<void> | undefined;

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  /** Closes everything, the last opened first; the first error is thrown when all was tried. Idempotent. */
  close(): Promise<void> {
    return (this.#closed ??= this.#run());
  }

  async #run(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
