import type { Bench, Row } from '../bench.ts';
import { ms, whole } from '../format.ts';
import { closedLoop, type LoopResult } from '../load/closed-loop.ts';
import { median } from '../load/latencies.ts';
import { LeanConnection } from '../load/lean-connection.ts';
import { MIX, PatientMix } from '../load/patient-mix.ts';
import type { Stage } from '../stage.ts';

/** Who creates the first people, side by side. */
const PREPARERS = 8;

export const mix: Row = {
  name: 'mix',
  what: 'patient create, read, search by family name, update, a quarter each, 32 clients',
  bar: '3,500 requests/s, p99 under 40 ms',
  measure: async (bench) => {
    const { settings } = bench;
    const own = bench.foreign === undefined ? await bench.stages.fresh() : undefined;
    const load = await preparedMix(bench, own ?? bench.foreign!);
    await load(Math.min(3, settings.seconds)); // warms up code and caches
    const runs: LoopResult[] = [];
    for (let run = 0; run < settings.runs; run += 1) runs.push(await load(settings.seconds));
    if (own !== undefined) await bench.stages.discard(own);

    const rate = median(runs.map(({ requestsPerSecond }) => requestsPerSecond));
    const p99 = median(runs.map(({ all }) => all.percentile(99)));
    const p50 = median(runs.map(({ all }) => all.percentile(50)));
    const errors = runs.reduce((sum, run) => sum + run.errors, 0);
    const each = ['create', 'read', 'search', 'update'].map(
      (name) => [name, median(runs.map((run) => run.byName.get(name)?.percentile(99) ?? 0))] as const,
    );
    return {
      figure: `${whole(rate)} requests/s, p99 ${ms(p99)}${errors > 0 ? `, ${whole(errors)} wrong answers` : ''}`,
      reached: rate >= 3_500 && p99 < 40 && errors === 0,
      figures: {
        requestsPerSecond: rate,
        p50,
        p99,
        errors,
        ...Object.fromEntries(each.map(([name, value]) => [`${name}P99`, value])),
      },
      on:
        `${settings.clients} clients with sessions of their own, each asking again on its answer; ${MIX}; ${whole(settings.mixPeople)} synthetic patients ` +
        `there at first; median of ${settings.runs} runs of ${settings.seconds} s; p50 ${ms(p50)}; p99 of each: ` +
        each.map(([name, value]) => `${name} ${ms(value)}`).join(', '),
    };
  },
};

/** A mix on the stage, with its first people there; what it returns runs it for so many seconds, at a rate if one is given. */
export async function preparedMix(
  { settings }: Bench,
  stage: Stage,
  clients = settings.clients,
): Promise<(seconds: number, rate?: number) => Promise<LoopResult>> {
  const sessions = Array.from({ length: clients }, (_, client) => stage.headers('integration', client));
  const patients = new PatientMix(`mix-${Date.now()}`, await Promise.all(sessions));
  const connections = await Promise.all(Array.from({ length: PREPARERS }, () => LeanConnection.open(stage.url)));
  try {
    await patients.prepare(connections, Math.max(settings.mixPeople, clients));
  } finally {
    for (const connection of connections) connection.close();
  }
  const steps = Array.from({ length: clients }, (_, index) => patients.client(index));
  return (seconds, rate) =>
    closedLoop({ url: stage.url, clients: steps, seconds, ...(rate === undefined ? {} : { rate }) });
}
