import type { Row } from '../bench.ts';
import { mebibytes } from '../format.ts';

export const processes: Row = {
  name: 'processes',
  what: 'memory of each process under this load',
  bar: 'none; to be looked at',
  ownOnly: 'it watches processes of its own',
  clusterOnly: true,
  measure: async ({ before, cluster }) => {
    if (cluster === undefined) throw new Error('Only the cluster profile has several processes');
    if (before.size === 0) await cluster.fresh();
    const peaks = [...cluster.peaks].sort(([, a], [, b]) => b - a);
    return {
      figure: peaks.map(([name, bytes]) => `${name} ${mebibytes(bytes)}`).join(', '),
      reached: true,
      figures: { ...Object.fromEntries(peaks), allAtOnce: cluster.peakResident },
      on: `the most that was resident, sampled twice a second; all at once at the most ${mebibytes(cluster.peakResident)}; over: ${[...before.keys()].join(', ') || 'a start'}`,
    };
  },
};
