import type { Row } from '../bench.ts';
import { sec, whole } from '../format.ts';
import { median } from '../load/latencies.ts';
import { peopleOn, peopleStage } from './people-stage.ts';

export const start: Row = {
  name: 'start',
  what: 'start of the embedded profile with data there',
  bar: 'under 3 s to ready',
  ownOnly: 'it starts and stops the record',
  embeddedOnly: 'there it is many processes and engines, each with a start of its own',
  measure: async (bench) => {
    const stage = await peopleStage(bench, bench.settings.manyPeople);
    const times: number[] = [];
    for (let run = 0; run < Math.max(bench.settings.runs, 1); run += 1) {
      await stage.stop();
      times.push((await stage.start()) / 1_000);
    }
    const seconds = median(times);
    return {
      figure: sec(seconds),
      reached: seconds < 3,
      figures: { seconds },
      on: `from the start of the process to /health/ready, ${whole(peopleOn(stage))} patients there; median of ${times.length}`,
    };
  },
};
