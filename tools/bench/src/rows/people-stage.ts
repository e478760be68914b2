import type { Bench } from '../bench.ts';
import { caughtUpAfter, loadBundles, peopleBundles } from '../load/bundle-load.ts';
import type { OwnStage } from '../stage.ts';

export const PEOPLE_SEED = 'people';
const loaded = new WeakMap<OwnStage, number>();

/** How many people the stage really holds: a slow machine's may be fewer than wanted. */
export const peopleOn = (stage: OwnStage): number => loaded.get(stage) ?? 0;

/** A record of so many patients and nothing else. */
export function peopleStage(bench: Bench, count: number): Promise<OwnStage> {
  return bench.stages.with(`people-${count}`, async (stage) => {
    bench.note(`loading ${count.toLocaleString('en-US')} patients`);
    const options = { parallel: 4, seconds: bench.settings.loadSeconds };
    const done = await loadBundles(stage, peopleBundles(PEOPLE_SEED, 0, count), options);
    if (done.refused > 0) throw new Error(`A bundle was refused: ${done.firstRefusal ?? ''}`);
    await caughtUpAfter(stage, done.position);
    loaded.set(stage, done.resources);
  });
}
