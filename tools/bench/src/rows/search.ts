import { drawFrom, syntheticPatient } from '@anamnesis/testing';
import type { Row } from '../bench.ts';
import { ms, whole } from '../format.ts';
import { Latencies } from '../load/latencies.ts';
import { LeanConnection } from '../load/lean-connection.ts';
import type { Stage } from '../stage.ts';
import { PEOPLE_SEED, peopleOn, peopleStage } from './people-stage.ts';

export const search: Row = {
  name: 'search',
  what: 'search on 64,000 patients',
  bar: 'p50 under 5 ms, no slower than twice the figure at 1,000',
  ownOnly: 'it needs records of a known size',
  measure: async (bench) => {
    const { settings } = bench;
    const few = await peopleStage(bench, settings.fewPeople);
    const small = await timed(few, peopleOn(few), settings.samples);
    await few.stop();
    const many = await peopleStage(bench, settings.manyPeople);
    const large = await timed(many, peopleOn(many), settings.samples);
    const [p50, p50Few] = [large.latencies.percentile(50), small.latencies.percentile(50)];
    const ratio = p50 / p50Few;
    return {
      figure: `p50 ${ms(p50)}, ${ratio.toFixed(1)} times the ${ms(p50Few)} at ${whole(peopleOn(few))}`,
      reached: p50 < 5 && ratio <= 2 && peopleOn(many) >= 64_000,
      figures: { p50, p99: large.latencies.percentile(99), p50Few, ratio, people: peopleOn(many) },
      on:
        `${whole(peopleOn(many))} synthetic patients; by family name, drawn as often as it is borne; _count=10; ${found(large).toFixed(1)} found an answer on average, ${found(small).toFixed(1)} among the few; ` +
        `${settings.samples} searches, one after another; p99 ${ms(large.latencies.percentile(99))}`,
    };
  },
};

interface Timed {
  readonly latencies: Latencies;
  readonly found: number;
}

const found = (timed: Timed): number => timed.found / timed.latencies.count;

async function timed(stage: Stage, people: number, samples: number): Promise<Timed> {
  const headers = await stage.headers('integration');
  const connection = await LeanConnection.open(stage.url);
  const draw = drawFrom('searches');
  const latencies = new Latencies();
  let found = 0;
  const ask = async (): Promise<{ took: number; entries: number }> => {
    const family = syntheticPatient(PEOPLE_SEED, draw.whole(0, people - 1)).name![0]!.family!;
    const started = performance.now();
    const { status, body } = await connection.send(
      'GET',
      `/fhir/Patient?family=${encodeURIComponent(family)}&_count=10`,
      headers,
    );
    const took = performance.now() - started;
    if (status !== 200 || !body.includes('"resource"'))
      throw new Error(`A search was answered ${status}, or found nobody`);
    return { took, entries: (JSON.parse(body.toString()) as { entry: unknown[] }).entry.length };
  };
  try {
    for (let warm = 0; warm < samples / 2; warm += 1) await ask();
    for (let sample = 0; sample < samples; sample += 1) {
      const { took, entries } = await ask();
      latencies.record(took);
      found += entries;
    }
  } finally {
    connection.close();
  }
  return { latencies, found };
}
