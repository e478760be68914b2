import { Fault, type Position } from '@anamnesis/kernel';
import { streamOf } from '@anamnesis/records';
import type { FhirDependencies } from './dependencies.ts';
import { problem } from './problem.ts';
import { versionOf, type ResourceVersion } from './resource-version.ts';

/** Most events of one stream that a history shows in one answer's making. */
const HISTORY_LIMIT = 10_000;

/** Resources straight from their streams: the versions that FHIR speaks of are the stream's events. */
export class Resources {
  readonly #journal: FhirDependencies['journal'];
  /** Streams that are known to exist; a stream that exists never ceases to. Bounded, oldest out first. */
  readonly #known = new Set<string>();

  constructor({ journal }: Pick<FhirDependencies, 'journal'>) {
    this.#journal = journal;
  }

  streamOf(type: string, id: string): string {
    return streamOf(type, id, this.#keyedHash);
  }

  readonly #keyedHash = (purpose: string, text: string): string => this.#journal.keyedHash(purpose, text);

  /** The newest version, deletions included, as of a position. Throws 410 for what was erased. */
  async latest(type: string, id: string, upTo?: Position): Promise<ResourceVersion | undefined> {
    const facts = await this.#guarded(
      this.#journal.loadBackwards(this.streamOf(type, id), 1, upTo === undefined ? {} : { upTo }),
    );
    const last = facts[0];
    if (!last) return undefined;
    return versionOf(last) ?? (await this.versions(type, id, upTo))[0];
  }

  /** Every version, the newest first. */
  async versions(type: string, id: string, upTo?: Position): Promise<ResourceVersion[]> {
    const options = upTo === undefined ? {} : { upTo };
    const facts = await this.#guarded(this.#journal.loadBackwards(this.streamOf(type, id), HISTORY_LIMIT, options));
    return facts.map(versionOf).filter((version) => version !== undefined);
  }

  /** Whether a resource was ever stored under this name and is not deleted now. */
  async exists(type: string, id: string): Promise<boolean> {
    const stream = this.streamOf(type, id);
    if (this.#known.has(stream)) return true;
    const version = await this.latest(type, id);
    if (version?.text === undefined) return false;
    this.#known.add(stream);
    if (this.#known.size > 100_000) this.#known.delete(this.#known.values().next().value!);
    return true;
  }

  /** To be told of deletions, so that what is gone is no longer referred to. */
  forget(type: string, id: string): void {
    this.#known.delete(this.streamOf(type, id));
  }

  async #guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Fault && error.code === 'key-destroyed') throw erased();
      throw error;
    }
  }
}

export const erased = () => problem(410, 'deleted', 'The record was erased and cannot be read any more.');
