import type { Row } from '../bench.ts';
import { mebibytes } from '../format.ts';
import { loadBundles, syntheticBundles } from '../load/bundle-load.ts';
import { preparedMix } from './mix.ts';

export const memory: Row = {
  name: 'memory',
  what: 'memory of the embedded process under this load',
  bar: 'under 1 GiB resident',
  ownOnly: 'it watches a process of its own',
  embeddedOnly: 'the row `processes` has each of its processes',
  measure: async (bench) => {
    const { settings, stages } = bench;
    const rows = [...bench.before.keys()].filter((name) => name !== 'start' && name !== 'verify');
    if (!rows.includes('mix') || !rows.includes('bundles')) {
      const stage = await stages.fresh();
      await loadBundles(stage, syntheticBundles('memory', settings.bundleResources), {
        parallel: 4,
        seconds: settings.loadSeconds,
      });
      await (
        await preparedMix(bench, stage)
      )(settings.seconds);
      rows.push('a run of bundles and of the mix');
      await stages.discard(stage);
    }
    const peak = stages.peakResident;
    if (peak === 0) throw new Error('The memory of the process cannot be read on this machine');
    return {
      figure: `${mebibytes(peak)} at the most`,
      reached: peak < 1_073_741_824,
      figures: { peakBytes: peak },
      on: `resident set of the server process, sampled five times a second, all threads; over: ${rows.join(', ')}`,
    };
  },
};
