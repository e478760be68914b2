import { describe, expect, it } from '@jest/globals';

/** One thing that a port promises. `run` rejects when the adapter does not keep it. */
export interface ContractCase<Opened> {
  readonly name: string;
  run(opened: Opened): Promise<void>;
}

/** What is opened afresh for each case, and cleaned up after it. */
export interface Opened {
  cleanup(): Promise<void>;
}

/**
 * Declares a suite that runs every case on a fresh `open()`. `exceptions` names the cases that the adapter's engine
 * cannot keep; they show as skipped, and a name that is no case fails the suite.
 */
export function contractSuite<O extends Opened>(
  title: string,
  cases: readonly ContractCase<O>[],
  open: () => Promise<O>,
  exceptions: readonly string[] = [],
): void {
  describe(title, () => {
    for (const { name, run } of cases) {
      const declare = exceptions.includes(name) ? it.skip : it;
      declare(name, async () => {
        const opened = await open();
        try {
          await run(opened);
        } finally {
          await opened.cleanup();
        }
      });
    }

    it('names only cases of the contract as exceptions', () => {
      const names = cases.map(({ name }) => name);
      expect(exceptions.filter((name) => !names.includes(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    });
  });
}
