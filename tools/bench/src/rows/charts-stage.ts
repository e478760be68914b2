import { syntheticChart } from '@anamnesis/testing';
import type { Bench } from '../bench.ts';
import { bundlesIn, caughtUpAfter, loadBundles, syntheticBundles } from '../load/bundle-load.ts';
import type { OwnStage } from '../stage.ts';

export const LARGE_CHART_FAMILY = 'Longstory';
export const loadedEvents = new WeakMap<OwnStage, number>();

/** A record with some dozens of charts, and among them one of exactly the size that the bar names. */
export function chartsStage(bench: Bench): Promise<OwnStage> {
  const { settings, bundleFolder } = bench;
  return bench.stages.with('charts', async (stage) => {
    bench.note('loading charts');
    const seed = 'charts';
    const set =
      bundleFolder === undefined ? syntheticBundles(seed, settings.rebuildEvents) : await bundlesIn(bundleFolder);
    const large = syntheticChart({ seed: 'large', index: 0, resources: settings.chartResources });
    const patient = large.entry![0]!.resource as { name: { family: string }[] };
    patient.name[0]!.family = LARGE_CHART_FAMILY;
    set.unshift({ body: JSON.stringify(large), resources: settings.chartResources });
    const done = await loadBundles(stage, set, { parallel: 4, seconds: settings.loadSeconds });
    if (done.refused > 0) throw new Error(`A bundle was refused: ${done.firstRefusal ?? ''}`);
    await caughtUpAfter(stage, done.position);
    loadedEvents.set(stage, done.resources);
  });
}
