import type { Row } from '../bench.ts';
import { sec, whole } from '../format.ts';
import { LeanConnection } from '../load/lean-connection.ts';
import type { Stage } from '../stage.ts';
import { chartsStage, loadedEvents } from './charts-stage.ts';

export const rebuild: Row = {
  name: 'rebuild',
  what: 'rebuild of every read model from the log',
  bar: '12,000 clinical events/s with all search parameters indexed, with the old model serving',
  ownOnly: 'it would rebuild the read models of a record that others use',
  measure: async (bench) => {
    const stage = await chartsStage(bench);
    const events = loadedEvents.get(stage)!;
    const models = modelNames(JSON.parse((await stage.ask('operator', 'GET', '/admin/projections')).body.toString()));
    const serving = serveMeanwhile(stage);
    const started = performance.now();
    for (const model of models) {
      const answer = await stage.ask('operator', 'POST', `/admin/projections/${encodeURIComponent(model)}/rebuild`);
      if (answer.body.includes('"error"'))
        throw new Error(`The rebuild of ${model} failed: ${answer.body.toString().slice(-300)}`);
    }
    const seconds = (performance.now() - started) / 1_000;
    const { asked, unanswered } = await serving.stop();
    const rate = events / seconds;
    return {
      figure: `${whole(rate)} clinical events/s${unanswered > 0 ? `, ${unanswered} of ${asked} searches failed meanwhile` : ''}`,
      reached: rate >= 12_000 && unanswered === 0,
      figures: { eventsPerSecond: rate, events, seconds, unanswered },
      on: `${whole(events)} clinical events in ${sec(seconds)}; models: ${models.join(', ')}; ${whole(asked)} searches answered meanwhile by the old ones`,
    };
  },
};

interface Named {
  readonly model?: string;
  readonly name?: string;
}

function modelNames(told: readonly Named[] | { readonly projections?: readonly Named[] }): string[] {
  const models = Array.isArray(told)
    ? (told as readonly Named[])
    : ((told as { projections?: readonly Named[] }).projections ?? []);
  return models.map(({ model, name }) => model ?? name ?? '').filter((each) => each !== '');
}

/** Searches twenty times a second until stopped. */
function serveMeanwhile(stage: Stage): { stop(): Promise<{ asked: number; unanswered: number }> } {
  let stopped = false;
  const done = (async () => {
    const headers = await stage.headers('integration');
    const connection = await LeanConnection.open(stage.url);
    let asked = 0;
    let unanswered = 0;
    while (!stopped) {
      const { status, body } = await connection.send('GET', '/fhir/Patient?_count=1', headers);
      asked += 1;
      if (status !== 200 || !body.includes('"resource"')) unanswered += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    connection.close();
    return { asked, unanswered };
  })();
  return { stop: () => ((stopped = true), done) };
}
