import type { Settings } from './settings.ts';
import type { ClusterStages } from './cluster/cluster-stages.ts';
import type { Stage, Stages } from './stage.ts';

export type Profile = 'embedded' | 'cluster';

/** What a row has to work with. */
export interface Bench {
  readonly settings: Settings;
  readonly stages: Stages;
  /** The same, where the cluster profile is measured. */
  readonly cluster?: ClusterStages;
  /** The record named on the command line; rows that can, measure it. */
  readonly foreign?: Stage;
  /** A folder of bundles, instead of synthetic charts. */
  readonly bundleFolder?: string;
  /** Figures of rows that ran before, by row and name. */
  readonly before: ReadonlyMap<string, Figures>;
  note(line: string): void;
}

export type Figures = Readonly<Record<string, number>>;

export interface Measured {
  /** The figure as a person reads it, in the words of the bar. */
  readonly figure: string;
  /** Whether the bar is reached. */
  readonly reached: boolean;
  readonly figures: Figures;
  /** On what it was measured: data set, mix, read models. */
  readonly on: string;
}

export interface Row {
  readonly name: string;
  readonly what: string;
  readonly bar: string;
  /** Why the row cannot be measured on a record that runs elsewhere; absent: it can. */
  readonly ownOnly?: string;
  /** Why the row cannot be measured on the cluster profile; absent: it can. */
  readonly embeddedOnly?: string;
  /** The row is about a part that only the cluster profile has. */
  readonly clusterOnly?: true;
  measure(bench: Bench): Promise<Measured>;
}
