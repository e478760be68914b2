import type { Row } from '../bench.ts';
import { sec, whole } from '../format.ts';
import { bundlesIn, caughtUpAfter, loadBundles, syntheticBundles } from '../load/bundle-load.ts';
import { median } from '../load/latencies.ts';

export const bundles: Row = {
  name: 'bundles',
  what: 'Synthea transaction bundles through the FHIR endpoint, 4 parallel',
  bar: '3,000 resources/s committed, read models caught up within 2 s of the last answer',
  measure: async ({ settings, stages, cluster, foreign, bundleFolder }) => {
    const rates: number[] = [];
    const behind: number[] = [];
    let sent = { resources: 0, bundles: 0, bytes: 0, refused: 0 };
    // A folder's bundles can be stored only once in a record that runs already.
    const runs = foreign === undefined ? settings.runs : 1;
    for (let run = 0; run < runs; run += 1) {
      const set =
        bundleFolder === undefined
          ? syntheticBundles(`bundles-${run}-${Date.now()}`, settings.bundleResources)
          : await bundlesIn(bundleFolder);
      const own = foreign === undefined ? await stages.fresh() : undefined;
      const stage = own ?? foreign!;
      const done = await loadBundles(stage, set, { parallel: 4, seconds: settings.loadSeconds });
      if (done.bundles === 0) throw new Error(`No bundle was taken: ${done.firstRefusal ?? 'no answer in time'}`);
      behind.push(await caughtUpAfter(stage, done.position));
      rates.push(done.resources / done.seconds);
      const bytes = set.reduce((sum, { body }) => sum + body.length, 0);
      sent = { resources: done.resources, bundles: done.bundles, bytes, refused: sent.refused + done.refused };
      if (own !== undefined) await stages.discard(own);
    }
    const rate = median(rates);
    const caughtUp = median(behind);
    const source = bundleFolder === undefined ? 'synthetic charts' : `the bundles of ${bundleFolder}`;
    return {
      figure: `${whole(rate)} resources/s, caught up ${sec(caughtUp)} later${sent.refused > 0 ? `, ${sent.refused} bundles refused` : ''}`,
      reached: rate >= 3_000 && caughtUp <= 2 && sent.refused === 0,
      figures: { resourcesPerSecond: rate, caughtUpSeconds: caughtUp, refused: sent.refused },
      on:
        `${source}: ${whole(sent.resources)} resources in ${whole(sent.bundles)} transactions, ` +
        `${whole(sent.bytes / Math.max(sent.resources, 1))} bytes each; every R4 search parameter indexed; median of ${runs} runs, ${cluster === undefined && foreign === undefined ? 'each on an empty record' : 'one after another on one record'}`,
    };
  },
};
