import type { Reference } from 'fhir/r4.js';
import type { Draw } from './draw.ts';
import type { Entries } from './entries.ts';
import type { Providers } from './network.ts';

/** What the resources of one visit have in common. */
export interface Scene {
  readonly draw: Draw;
  readonly entries: Entries;
  readonly patient: Reference;
  readonly coverage: Reference;
  readonly encounter: Reference;
  readonly providers: Providers;
  /** The instant so many minutes after the visit began, as a FHIR instant in UTC. */
  at(minutes: number): string;
}
