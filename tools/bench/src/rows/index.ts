import type { Row } from '../bench.ts';
import { bundles } from './bundles.ts';
import { chart } from './chart.ts';
import { memory } from './memory.ts';
import { mix } from './mix.ts';
import { rebuild } from './rebuild.ts';
import { search } from './search.ts';
import { start } from './start.ts';
import { verify } from './verify.ts';
import { visible } from './visible.ts';

/** Every figure that the embedded profile is held to, in the order in which they are measured. */
export const ROWS: readonly Row[] = [mix, bundles, visible, rebuild, chart, search, verify, memory, start];
