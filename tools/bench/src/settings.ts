/** How much is measured, and for how long. */
export interface Settings {
  /** Seconds of each timed run. */
  readonly seconds: number;
  /** Timed runs of a row whose figure is a median. */
  readonly runs: number;
  readonly clients: number;
  /** People there before the mix begins. */
  readonly mixPeople: number;
  /** Resources of each run of bundles. */
  readonly bundleResources: number;
  /** People in the small and the large search. */
  readonly fewPeople: number;
  readonly manyPeople: number;
  readonly chartResources: number;
  /** Clinical events in the log that is rebuilt. */
  readonly rebuildEvents: number;
  /** Single requests timed where one at a time is what counts. */
  readonly samples: number;
  /** The most seconds that loading a data set may take; what is there by then is measured. */
  readonly loadSeconds: number;
}

export const FULL: Settings = {
  seconds: 10,
  runs: 3,
  clients: 32,
  mixPeople: 1_000,
  bundleResources: 12_000,
  fewPeople: 1_000,
  manyPeople: 64_000,
  chartResources: 1_200,
  rebuildEvents: 24_000,
  samples: 400,
  loadSeconds: 180,
};

/** Shows that everything works, in about a minute; its figures say little. */
export const QUICK: Settings = {
  ...FULL,
  seconds: 1,
  runs: 1,
  mixPeople: 100,
  bundleResources: 400,
  fewPeople: 100,
  manyPeople: 1_000,
  rebuildEvents: 800,
  samples: 20,
  loadSeconds: 30,
};
