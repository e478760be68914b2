/** What one query may ask for; beyond it the answer is a clear issue. */
export interface SearchLimits {
  /** Parameters of one query. */
  readonly parameters: number;
  /** Alternatives (separated by commas) of one parameter. */
  readonly values: number;
  /** Characters of one parameter's value. */
  readonly valueLength: number;
  /** Links of a chain, `_has` included. */
  readonly chainDepth: number;
  /** Types that chains without a type may stand for, in the whole query. */
  readonly chainTypes: number;
  /** Codes that a value set or a subsumption may stand for. */
  readonly codes: number;
  readonly sortKeys: number;
  readonly includes: number;
  /** Resources of a page: when none is asked for, and at most. */
  readonly countDefault: number;
  readonly countMax: number;
}

export const DEFAULT_LIMITS: SearchLimits = {
  parameters: 100,
  values: 500,
  valueLength: 20_000,
  chainDepth: 5,
  chainTypes: 100,
  codes: 1_000,
  sortKeys: 8,
  includes: 30,
  countDefault: 20,
  countMax: 1_000,
};
