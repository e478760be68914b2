import type { Condition } from '@anamnesis/read-store';
import type { SearchLimits } from './query-limits.ts';
import { QueryProblem } from './query-issue.ts';

/** A code of a code system. */
export interface SystemCode {
  readonly system: string;
  readonly code: string;
}

/** What the caller knows of code systems and hierarchies; undefined: not known. */
export interface Terminology {
  /** The codes of a value set, by its canonical URL or as `ValueSet/<id>`. */
  expand?(valueSet: string): Promise<readonly SystemCode[] | undefined>;
  /** The code itself and those above (more general) or below it (more special). */
  related?(system: string, code: string, direction: 'above' | 'below'): Promise<readonly SystemCode[] | undefined>;
  /**
   * The ids of the resources of `type` that one is part of (above) or that are parts of it (below), itself included;
   * `param` is the reference from a part to the whole. See `storedHierarchy`.
   */
  hierarchy?(
    type: string,
    param: string,
    id: string,
    direction: 'above' | 'below',
  ): Promise<readonly string[] | undefined>;
}

export interface ContextOptions {
  readonly now: number;
  readonly ownBases?: readonly string[];
  readonly terminology?: Terminology;
  readonly scope?: (type: string) => Condition | undefined;
}

/** What the reading of one query shares. */
export class QueryContext {
  readonly limits: SearchLimits;
  readonly now: number;
  readonly ownBases: readonly string[];
  readonly terminology: Terminology;
  readonly joinedTypes = new Set<string>();
  readonly #scope: (type: string) => Condition | undefined;
  #chainTypes = 0;

  constructor(limits: SearchLimits, options: ContextOptions) {
    this.limits = limits;
    this.now = options.now;
    this.ownBases = options.ownBases ?? [];
    this.terminology = options.terminology ?? {};
    this.#scope = options.scope ?? (() => undefined);
  }

  /** The condition on joined documents of a type, within what the caller may see of it. */
  joined(type: string, where: Condition): Condition {
    this.joinedTypes.add(type);
    const scope = this.#scope(type);
    return scope ? { all: [scope, where] } : where;
  }

  /** Chains without a type multiply; all of the query's together are bounded. */
  spendChainType(): void {
    if (++this.#chainTypes > this.limits.chainTypes) {
      throw new QueryProblem('too-costly', 'The chain may mean too many resource types; name the type in each link.');
    }
  }
}
