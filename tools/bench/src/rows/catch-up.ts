import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Measured, Row } from '../bench.ts';
import type { ClusterStage, ClusterStages } from '../cluster/cluster-stages.ts';
import { processorSeconds } from '../cluster/processor-seconds.ts';
import { sec, whole } from '../format.ts';
import { caughtUpAfter, loadBundles, syntheticBundles } from '../load/bundle-load.ts';

const BAR = 5_000;
const LOOK_MS = 100;
const GIVE_UP_MS = 300_000;
/** So much of the backlog has to be left at the first look. */
const LEAST_SHARE = 0.3;
const OWN_ONLY = 'it stops services for a while';

export const relay = catchingUp('relay', 'the relay, from the log to the bus');
export const projections = catchingUp('projections', 'the projections, from the bus to the read models');

type Follower = 'relay' | 'projections';

interface CaughtUp {
  readonly events: number;
  readonly seconds: number;
  /** Of the process's cores. */
  readonly busy: number;
  /** It was done so soon that what its start cost could not be told apart. */
  readonly withStart: boolean;
}

const measured = new WeakMap<ClusterStages, Promise<Readonly<Record<Follower, CaughtUp>>>>();

function catchingUp(name: Follower, what: string): Row {
  return {
    name,
    what: `${what}, in events a second of one core`,
    bar: `${whole(BAR)} events/s on one core`,
    ownOnly: OWN_ONLY,
    clusterOnly: true,
    measure: async (bench) => told((await both(bench))[name]),
  };
}

function told({ events, seconds, busy, withStart }: CaughtUp): Measured {
  const [perCore, perSecond] = [events / busy, events / seconds];
  return {
    figure: `${whole(perCore)} events/s of one core, ${whole(perSecond)} events/s by the clock`,
    reached: perCore >= BAR,
    figures: { perCore, perSecond, events, seconds, processorSeconds: busy },
    on: `${whole(events)} clinical events of charts that were loaded while it was stopped, caught up within ${sec(seconds)} of its ${withStart ? 'start, which is in the figure: the backlog is small' : 'first progress'}; the service has just been started`,
  };
}

/** One backlog for both rows. */
function both(bench: Bench): Promise<Readonly<Record<Follower, CaughtUp>>> {
  const { cluster } = bench;
  if (cluster === undefined) throw new Error('Only the cluster profile has a relay');
  let known = measured.get(cluster);
  if (known === undefined) measured.set(cluster, (known = measure(bench, cluster)));
  return known;
}

async function measure({ settings, note }: Bench, cluster: ClusterStages) {
  const stage = await cluster.fresh();
  const [network, ...charts] = syntheticBundles(`backlog-${Date.now()}`, settings.rebuildEvents);
  const options = { parallel: 4, seconds: settings.loadSeconds };
  const begun = await loadBundles(stage, [network!], options);
  await caughtUpAfter(stage, begun.position);
  await stage.stack.service('projections').kill();
  await stage.stack.service('relay').kill();
  note('loading charts with relay and projections stopped');
  const { resources: events, refused, firstRefusal, position } = await loadBundles(stage, charts, options);
  if (events === 0) throw new Error(`No bundle was taken: ${firstRefusal ?? 'no answer in time'}`);
  if (refused > 0) note(`${refused} bundles were refused: ${firstRefusal ?? ''}`);
  const span = { events, from: begun.position, to: position };
  const relayed = await timed(stage, 'relay', span);
  return { relay: relayed, projections: await timed(stage, 'projections', span) };
}

/** Starts the service and watches it from its first progress on: what its start costs is another figure. */
async function timed(
  stage: ClusterStage,
  name: Follower,
  { events, from, to }: { readonly events: number; readonly from: number; readonly to: number },
): Promise<CaughtUp> {
  const service = stage.stack.service(name);
  const beginning = performance.now();
  const started = service.restart(); // resolves when it is ready; it follows the log before that
  const path = `/admin/${name}`;
  const position = await positionOf(stage, path);
  let first: { readonly at: number; readonly busy: number; readonly position: number } | undefined;
  for (const until = performance.now() + GIVE_UP_MS; performance.now() < until; await pause(LOOK_MS)) {
    const now = (await position().catch(() => undefined)) ?? 0;
    if (now <= from) continue;
    const look = { at: performance.now(), busy: processorSeconds(service.pid), position: now };
    first ??= look;
    if (now < to) continue;
    await started;
    // Positions are bytes of the log, nearly, so that their share is the share of events.
    const share = (to - first.position) / (to - from);
    if (share < LEAST_SHARE) {
      return { events, seconds: (look.at - beginning) / 1_000, busy: look.busy, withStart: true };
    }
    const seconds = (look.at - first.at) / 1_000;
    return { events: events * share, seconds, busy: look.busy - first.busy, withStart: false };
  }
  throw new Error(`${name} did not catch up within ${sec(GIVE_UP_MS / 1_000)}`);
}

/** The position that the operators' page tells. */
async function positionOf(stage: ClusterStage, path: string): Promise<() => Promise<number | undefined>> {
  const headers = (await stage.headers('operator')).split('\r\n')[0]!.replace('authorization: ', '');
  return async () => {
    const answer = await fetch(`${stage.url}${path}`, { headers: { authorization: headers } });
    if (answer.status !== 200) return undefined;
    const told = (await answer.json()) as Told | readonly Told[] | { readonly projections: readonly Told[] };
    if (Array.isArray(told)) return (told as readonly Told[])[0]?.position;
    return 'projections' in told ? told.projections[0]?.position : (told as Told).position;
  };
}

interface Told {
  readonly position: number;
}
