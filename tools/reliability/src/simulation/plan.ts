import { drawFrom, type Draw } from '@anamnesis/testing';

/** What befalls one append of a command. */
export type Mishap = 'none' | 'failed' | 'took-effect-but-failed';

/** A command for one stream, as a client asks for it. */
export interface PlannedCommand {
  readonly id: string;
  readonly type: 'Patient' | 'Observation';
  /** The FHIR id, which is also the stream's. */
  readonly target: string;
  readonly subject: string;
  readonly interaction: 'put' | 'delete';
  /** What the resource says; unlike any other command's. */
  readonly mark: string;
  /** The version that the client says it saw; often the wrong one. */
  readonly ifMatch?: string;
  /** A name that only one command may have. */
  readonly claim?: string;
  readonly facility?: string;
  /** What befalls its appends, in order, over all its tries. */
  readonly mishaps: readonly Mishap[];
  /** How many of its loads fail first. */
  readonly failedLoads: number;
  /** How often the loop may decide again before it gives up. */
  readonly retries: number;
}

export type Poison = 'garbled-data' | 'garbled-envelope' | 'no-resource';

/** What befalls one delivery. */
export interface DeliveryFault {
  readonly kind: 'none' | 'fails-before' | 'fails-after' | 'duplicate' | 'replay' | 'reorder' | 'delay';
  /** Decides which earlier delivery, which order, which patient. */
  readonly choice: number;
}

export interface Delivering {
  readonly do: 'deliver';
  readonly batchSize: number;
  /** By the deliveries' order; what is beyond has none. */
  readonly faults: readonly DeliveryFault[];
  /** The consumers die in this delivery, before it, in its midst or after its effects and before the bus knows. */
  readonly crash?: { readonly at: number; readonly stage: 'before' | 'midst' | 'after' };
}

export type Step =
  /** All at the same time. */
  | { readonly do: 'write'; readonly commands: readonly PlannedCommand[] }
  /** A client asks again for what it asked for before, whatever it was answered. */
  | { readonly do: 'repeat'; readonly command: string }
  | { readonly do: 'poison'; readonly kind: Poison; readonly stream: string; readonly id: string }
  | { readonly do: 'erase'; readonly subject: string; readonly id: string }
  | Delivering
  /** Everything in memory is gone. `torn`: so are the last writes of the bus, of the read model, that were not synced. */
  | {
      readonly do: 'crash';
      readonly what: 'consumers' | 'everything';
      readonly torn: 'none' | 'bus' | 'model' | 'both';
    };

/** One case, drawn from its seed and from nothing else. */
export interface Plan {
  readonly seed: string;
  readonly steps: readonly Step[];
  /** At the end, when all was delivered, these of the earlier deliveries come once more. */
  readonly overlap: readonly number[];
  /** Also ask the read models searches, and rebuild one beside the live one: takes a thread, so not for every case. */
  readonly searched: boolean;
}

/** Worlds are opened anew, threads started, files scrubbed: what takes a hundred times as long happens in few cases. */
const RARE = 0.02;
const MORTAL_WORLDS = 0.05;
const ERASED = 0.05;

export function planOf(seed: string): Plan {
  const draw = drawFrom('simulation', seed);
  const cast = castOf(draw);
  const rare: Rare = { erasures: draw.chance(ERASED), worldCrashes: draw.chance(MORTAL_WORLDS) };
  const asked: string[] = [];
  const steps: Step[] = [];
  const length = draw.whole(4, 10);
  while (steps.length < length) steps.push(stepOf(draw, cast, asked, rare));
  const overlap = Array.from({ length: draw.whole(0, 3) }, () => draw.bits());
  return { seed, steps, overlap, searched: draw.chance(RARE) };
}

/** Few streams, so that commands and deliveries meet on them. */
interface Cast {
  readonly patients: readonly string[];
  readonly observations: readonly { readonly id: string; readonly subject: string }[];
  readonly claims: readonly string[];
}

function castOf(draw: Draw): Cast {
  const patients = Array.from({ length: draw.whole(1, 3) }, () => draw.uuid());
  const observations = Array.from({ length: 3 }, () => ({ id: draw.uuid(), subject: draw.pick(patients) }));
  return { patients, observations, claims: [draw.uuid(), draw.uuid()] };
}

/** What happens in few cases, there often. */
interface Rare {
  readonly erasures: boolean;
  readonly worldCrashes: boolean;
}

function stepOf(draw: Draw, cast: Cast, asked: string[], rare: Rare): Step {
  const drawn = draw.whole(1, 100);
  if (asked.length === 0 || drawn <= 40) {
    const commands = Array.from({ length: draw.whole(1, 5) }, () => commandOf(draw, cast));
    asked.push(...commands.map(({ id }) => id));
    return { do: 'write', commands };
  }
  if (drawn <= 50) return { do: 'repeat', command: draw.pick(asked) };
  if (drawn <= 54) return { do: 'poison', kind: poisonOf(draw), stream: `observation-${draw.uuid()}`, id: draw.uuid() };
  if (drawn <= 60 && rare.erasures) return { do: 'erase', subject: draw.pick(cast.patients), id: draw.uuid() };
  if (drawn <= 85) return deliveringOf(draw);
  const torn = draw.pick(['none', 'bus', 'model', 'both'] as const);
  return { do: 'crash', what: rare.worldCrashes && draw.chance(0.7) ? 'everything' : 'consumers', torn };
}

const poisonOf = (draw: Draw): Poison => draw.pick(['garbled-data', 'garbled-envelope', 'no-resource'] as const);

function commandOf(draw: Draw, { patients, observations, claims }: Cast): PlannedCommand {
  const observation = draw.chance(0.4) ? draw.pick(observations) : undefined;
  const patient = draw.pick(patients);
  const interaction = draw.chance(0.15) ? 'delete' : 'put';
  const mishaps = Array.from({ length: draw.whole(0, 3) }, (): Mishap => {
    const drawn = draw.whole(1, 10);
    return drawn <= 4 ? 'none' : drawn <= 6 ? 'failed' : 'took-effect-but-failed';
  });
  return {
    id: draw.uuid(),
    type: observation ? 'Observation' : 'Patient',
    target: observation?.id ?? patient,
    subject: observation?.subject ?? patient,
    interaction,
    mark: `m${draw.digits(8)}`,
    ...(draw.chance(0.15) && { ifMatch: String(draw.whole(1, 3)) }),
    ...(interaction === 'put' && draw.chance(0.25) && { claim: draw.pick(claims) }),
    ...(draw.chance(0.5) && { facility: draw.pick(['north', 'south']) }),
    mishaps,
    failedLoads: draw.chance(0.1) ? 1 : 0,
    retries: draw.chance(0.3) ? 0 : 8,
  };
}

const KINDS = ['fails-before', 'fails-after', 'duplicate', 'replay', 'reorder', 'delay'] as const;

function deliveringOf(draw: Draw): Delivering {
  const faults = Array.from({ length: 6 }, (): DeliveryFault => ({
    kind: draw.chance(0.4) ? 'none' : draw.pick(KINDS),
    choice: draw.bits(),
  }));
  const crash = { at: draw.whole(0, 3), stage: draw.pick(['before', 'midst', 'after'] as const) };
  return { do: 'deliver', batchSize: draw.whole(1, 6), faults, ...(draw.chance(0.3) && { crash }) };
}
