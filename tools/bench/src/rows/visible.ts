import type { Row } from '../bench.ts';
import { ms, whole } from '../format.ts';
import { Latencies } from '../load/latencies.ts';
import { LeanConnection } from '../load/lean-connection.ts';
import type { Stage } from '../stage.ts';
import { preparedMix } from './mix.ts';

const SHARE_OF_PEAK = 0.45;
const PROBES = 2;
const GIVE_UP_AFTER = 10_000;

export const visible: Row = {
  name: 'visible',
  what: 'commit -> visible in a search, under half of peak load',
  bar: 'p99 under 250 ms',
  measure: async (bench) => {
    const { settings } = bench;
    const own = bench.foreign === undefined ? await bench.stages.fresh() : undefined;
    const stage = own ?? bench.foreign!;
    const load = await preparedMix(bench, stage);
    const peak =
      bench.before.get('mix')?.['requestsPerSecond'] ?? (await load(Math.min(5, settings.seconds))).requestsPerSecond;
    const rate = peak * SHARE_OF_PEAK;
    const seconds = settings.seconds * 2;
    const delays = new Latencies();
    // Tokens are kept: those of the probes are not to be waited for while the load runs.
    for (let probe = 0; probe < PROBES; probe += 1) {
      await Promise.all([stage.headers('integration', 100 + probe), stage.headers('integration', 200 + probe)]);
    }
    const end = performance.now() + seconds * 1_000;
    const [loaded] = await Promise.all([
      load(seconds, rate),
      ...Array.from({ length: PROBES }, (_, probe) => probeUntil(stage, probe, end, delays)),
    ]);
    if (own !== undefined) await bench.stages.discard(own);
    if (delays.count === 0) throw new Error('Nothing became visible');
    const [p50, p99] = [delays.percentile(50), delays.percentile(99)];
    return {
      figure: `p50 ${ms(p50)}, p99 ${ms(p99)}`,
      reached: p99 < 250,
      figures: { p50, p99, samples: delays.count, loadPerSecond: loaded.requestsPerSecond },
      on:
        `${whole(delays.count)} patients with names of their own, searched for by another session from the answer to ` +
        `their create on, every millisecond, until found; beside the mix at ` +
        `${whole(loaded.requestsPerSecond)} requests/s (${Math.round(SHARE_OF_PEAK * 100)}% of its peak of ${whole(peak)})`,
    };
  },
};

async function probeUntil(stage: Stage, probe: number, end: number, delays: Latencies): Promise<void> {
  const headers = await stage.headers('integration', 100 + probe);
  const others = await stage.headers('integration', 200 + probe); // a session that has written nothing waits for nothing
  const connection = await LeanConnection.open(stage.url);
  const mark = `Q${Date.now().toString(36)}${probe}`;
  try {
    for (let number = 0; performance.now() < end; number += 1) {
      const family = `${mark}x${number}`;
      const body = JSON.stringify({ resourceType: 'Patient', name: [{ family }] });
      const { status } = await connection.send('POST', '/fhir/Patient', headers, body);
      if (status !== 201) throw new Error(`A create was answered ${status}`);
      delays.record(await untilFound(connection, others, family));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    connection.close();
  }
}

/** Milliseconds until a search by the name finds it. */
async function untilFound(connection: LeanConnection, headers: string, family: string): Promise<number> {
  const started = performance.now();
  for (;;) {
    const { status, body } = await connection.send('GET', `/fhir/Patient?family:exact=${family}`, headers);
    const took = performance.now() - started;
    if (status === 200 && body.includes(`"${family}"`) && body.includes('"resource"')) return took;
    if (took > GIVE_UP_AFTER) return took;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
