/** A version of a resource that an answer told of. */
export interface Version {
  /** `Patient/<id>` */
  readonly name: string;
  readonly version: number;
  /** As `contentOf` makes it; undefined: it was deleted. */
  readonly content: string | undefined;
}

/** The history of a resource as the record tells it: versions from 1, without a gap. */
export type History = readonly Version[];

/** Everything that the record has acknowledged, and what must follow from it. */
export class Acknowledged {
  readonly #versions = new Map<string, Map<number, string | undefined>>();
  readonly #touched = new Set<string>();
  #writes = 0;

  /** How many writes were acknowledged. */
  get writes(): number {
    return this.#writes;
  }

  get names(): readonly string[] {
    return [...this.#versions.keys()];
  }

  /** Takes what one answer told. Answers what is wrong with it; nothing, when nothing is. */
  acknowledge(versions: readonly Version[]): string[] {
    const wrong: string[] = [];
    this.#writes += 1;
    for (const { name, version, content } of versions) {
      const known = this.#versions.get(name) ?? new Map<number, string | undefined>();
      if (known.has(version)) wrong.push(`two acknowledged writes both made version ${version} of ${name}`);
      known.set(version, content);
      this.#versions.set(name, known);
      this.#touched.add(name);
    }
    return wrong;
  }

  /** What was written to since this was last asked. */
  touched(): string[] {
    const names = [...this.#touched];
    this.#touched.clear();
    return names;
  }

  /** The content that stands; undefined: deleted, or never acknowledged. */
  current(name: string): string | undefined {
    const versions = this.#versions.get(name);
    return versions?.get(Math.max(...versions.keys()));
  }

  /** How many versions of a type were acknowledged, deletions included. */
  countOf(type: string): number {
    let count = 0;
    for (const [name, versions] of this.#versions) if (name.startsWith(`${type}/`)) count += versions.size;
    return count;
  }

  /**
   * Compares a history that was read with what was acknowledged before the reading began. `settled`: nothing is under
   * way, so there is nothing else either.
   */
  differences(name: string, history: History, settled: boolean): string[] {
    const wrong: string[] = [];
    const sorted = history.map(({ version }) => version).sort((a, b) => a - b);
    if (sorted.some((version, index) => version !== index + 1)) {
      wrong.push(`the history of ${name} is not contiguous: ${sorted.join(', ')}`);
    }
    const found = new Map(history.map(({ version, content }) => [version, content]));
    const versions = this.#versions.get(name) ?? new Map<number, string | undefined>();
    for (const [version, content] of versions) {
      if (!found.has(version)) wrong.push(`acknowledged and lost: version ${version} of ${name}`);
      else if (found.get(version) !== content) wrong.push(`version ${version} of ${name} is not what was acknowledged`);
    }
    if (settled && found.size > versions.size) {
      const extra = [...found.keys()].filter((version) => !versions.has(version));
      wrong.push(`${name} has versions that nobody was told of, an effect doubled: ${extra.join(', ')}`);
    }
    return wrong;
  }
}
