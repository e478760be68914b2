import type { Row } from '../bench.ts';
import { bundles } from './bundles.ts';
import { chart } from './chart.ts';
import { projections, relay } from './catch-up.ts';
import { memory } from './memory.ts';
import { mix } from './mix.ts';
import { processes } from './processes.ts';
import { rebuild } from './rebuild.ts';
import { search } from './search.ts';
import { start } from './start.ts';
import { verify } from './verify.ts';
import { visible } from './visible.ts';

/** Every figure that a profile is held to, in the order in which they are measured. */
export const ROWS: readonly Row[] = [
  mix,
  bundles,
  visible,
  relay,
  projections,
  rebuild,
  chart,
  search,
  verify,
  memory,
  processes,
  start,
];
