import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifyResult } from '@anamnesis/audit-service';
import { usage } from './exit.ts';
import { followProgress } from './follow-progress.ts';
import type { Terminal } from './terminal.ts';

export interface VerifyOptions {
  readonly folder: string;
  /** An exported log, instead of the folder. */
  readonly file?: string;
  /** The texts of a checkpoint and of a public key. */
  readonly checkpoint?: string;
  readonly publicKey?: string;
}

export type Verified = Omit<VerifyResult, 'root'> & {
  /** The tree's root over all events read, in base64. */
  readonly root: string;
  /** What the verification took, without the start of the program. */
  readonly milliseconds: number;
};

/** Verifies the folder's log or an exported one, and shows how far it is. Throws `usage` when there is nothing to verify. */
export async function verifyLog(terminal: Terminal, { folder, file, ...texts }: VerifyOptions): Promise<Verified> {
  const path = file ?? join(folder, 'log.sqlite');
  if (!existsSync(path))
    throw usage(
      file === undefined ? `There is no log in the data folder: ${folder}` : `There is no such file: ${file}`,
    );
  const { verifyFolder, verifyLogFile } = await import('@anamnesis/audit-service');
  const started = performance.now();
  const steps = new Steps();
  const shown = followProgress(terminal, 'verifying', steps);
  try {
    const { root, ...result } =
      file === undefined
        ? await verifyFolder({ ...texts, folder, progress: (done, total) => steps.push({ done, total }) })
        : await verifyLogFile({ ...texts, file, progress: (done) => steps.push({ done }) });
    return { ...result, root: Buffer.from(root).toString('base64'), milliseconds: performance.now() - started };
  } finally {
    steps.end();
    await shown;
  }
}

interface Step {
  readonly done: number;
  readonly total?: number;
}

/** The newest step, whenever somebody asks: those in between need not be shown. */
class Steps implements AsyncIterable<Step> {
  #newest: Step | undefined;
  #wake: () => void = () => undefined;
  #ended = false;

  push(step: Step): void {
    this.#newest = step;
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Step> {
    for (;;) {
      const step = this.#newest;
      this.#newest = undefined;
      if (step !== undefined) yield step;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
