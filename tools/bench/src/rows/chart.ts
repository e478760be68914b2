import type { Row } from '../bench.ts';
import { ms, whole } from '../format.ts';
import { Latencies } from '../load/latencies.ts';
import { LeanConnection } from '../load/lean-connection.ts';
import { chartsStage, LARGE_CHART_FAMILY } from './charts-stage.ts';

const WARM = 10;
/** Reads a patient's data for a purpose it may be read for, in whatever facility. */
const READER = 'compliance-officer';

export const chart: Row = {
  name: 'chart',
  what: 'chart as of a moment, patient with 1,200 resources',
  bar: 'under 50 ms',
  ownOnly: 'it needs a patient of exactly that size',
  measure: async (bench) => {
    const stage = await chartsStage(bench);
    const found = (
      await stage.ask(READER, 'GET', `/fhir/Patient?family=${LARGE_CHART_FAMILY}&_elements=id`)
    ).body.toString();
    const { entry } = JSON.parse(found) as { entry?: { resource: { id: string } }[] };
    const id = entry?.[0]?.resource.id;
    if (id === undefined) throw new Error('The large chart is not there');
    const moment = new Date().toISOString();
    const path = `/fhir/Patient/${id}/$everything?_asOf=${encodeURIComponent(moment)}`;
    // Something happens after the moment, so that the chart as of it is not the present one.
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'after' },
      subject: { reference: `Patient/${id}` },
    };
    await new Promise((resolve) => setTimeout(resolve, 20));
    await stage.ask('integration', 'POST', '/fhir/Observation', JSON.stringify(observation));

    const headers = await stage.headers(READER);
    const connection = await LeanConnection.open(stage.url);
    const times = new Latencies();
    let resources = 0;
    try {
      const repeats = Math.max(5, Math.min(60, bench.settings.samples));
      for (let repeat = 0; repeat < repeats + WARM; repeat += 1) {
        const started = performance.now();
        const { status, body } = await connection.send('GET', path, headers);
        if (status !== 200) throw new Error(`The chart was answered ${status}: ${body.toString().slice(0, 200)}`);
        if (repeat >= WARM) times.record(performance.now() - started);
        resources = (JSON.parse(body.toString()) as { entry?: unknown[] }).entry?.length ?? 0;
      }
    } finally {
      connection.close();
    }
    const p50 = times.percentile(50);
    return {
      figure: `median ${ms(p50)}`,
      reached: p50 < 50,
      figures: { p50, p99: times.percentile(99), resources },
      on: `$everything?_asOf of one patient, ${whole(resources)} resources in one answer; ${times.count} times, one after another; p99 ${ms(times.percentile(99))}`,
    };
  },
};
