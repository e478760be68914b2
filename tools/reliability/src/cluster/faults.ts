import type { ServiceName } from '@anamnesis/identity';
import type { Faulty } from '@anamnesis/stack/engines';
import type { Draw } from '@anamnesis/testing';
import { rebuildReadModel } from '../kill/rebuild.ts';
import type { CaseName } from './case-names.ts';
import type { Field } from './field.ts';
import { appendPoison } from './poison-event.ts';
import { projectionsOf } from './lag.ts';
import { twoRelays } from './two-relays.ts';

/** Makes a fault while writers are at work. What it throws has gone wrong. */
export type Fault = (field: Field, draw: Draw) => Promise<void>;

const SEEN_LIMIT_MS = 60_000;
/** Services whose clocks are put ahead: one that decides, one that follows, one that answers, one that hands on. */
const AHEAD: readonly ServiceName[] = ['patients', 'projections', 'gateway', 'relay'];

const FAULTS: { readonly [Name in CaseName]: Fault } = {
  services: killServices,
  relays: twoRelays,
  kafka: awayWhileWriting('kafka', 3),
  'event-store': killed('event-store'),
  database: killed('mongodb'),
  'key-service': keyService,
  identity,
  consumer,
  rebuild: rebuildUnderLoad,
  poison,
  clocks,
};

export const faultOf = (name: CaseName): Fault => FAULTS[name];

type EngineRole = 'kafka' | 'event-store' | 'mongodb' | 'openbao' | 'keycloak';

/** The engine's process; every one was started here. */
function engine({ stack: { engines, eventStore } }: Field, name: EngineRole): Faulty {
  const found = {
    kafka: engines.kafka?.nodes[0],
    'event-store': eventStore,
    mongodb: engines.mongodb,
    openbao: engines.openbao,
    keycloak: engines.keycloak,
  }[name];
  if (found === undefined) throw new Error(`${name} was not started by this run`);
  return found;
}

async function killServices(field: Field, draw: Draw): Promise<void> {
  for (const one of field.stack.services) {
    await field.moment(draw);
    field.tell(`kill -9 ${one.service}-${one.number}`);
    await one.kill();
    await field.moment(draw);
    await one.restart();
  }
}

function killed(name: EngineRole): Fault {
  return async (field, draw) => {
    const server = engine(field, name);
    await server.kill();
    await field.moment(draw, 3_000);
    await server.restart();
  };
}

/** The log takes writes without it. */
function awayWhileWriting(name: EngineRole, seconds: number): Fault {
  return async (field) => {
    const server = engine(field, name);
    await server.kill();
    await field.progress(10, `while ${name} is away`);
    await field.outage(seconds);
    await server.restart();
  };
}

async function paused(server: Pick<Faulty, 'pause' | 'resume'>, meanwhile: () => Promise<void>): Promise<void> {
  server.pause();
  try {
    await meanwhile();
  } finally {
    server.resume();
  }
}

async function keyService(field: Field, draw: Draw): Promise<void> {
  const server = engine(field, 'openbao');
  await paused(server, () => field.outage(5));
  await field.progress(5, 'after the key service was paused');
  await killed('openbao')(field, draw);
}

async function identity(field: Field): Promise<void> {
  await paused(engine(field, 'keycloak'), async () => {
    await field.progress(10, 'while the identity provider is away');
    await field.outage(60);
    await field.progress(10, 'after the identity provider was away for long');
  });
}

async function consumer(field: Field): Promise<void> {
  const all = field.processes('projections');
  for (const one of all) one.pause();
  try {
    await field.progress(10, 'while the projections are stopped');
    await field.outage(10);
  } finally {
    for (const one of all) one.resume();
  }
  // Slow: it works one fifth of the time.
  for (let turn = 0; turn < 8; turn += 1) {
    for (const one of all) one.pause();
    await field.outage(1.2);
    for (const one of all) one.resume();
    await field.outage(0.3);
  }
}

async function rebuildUnderLoad({ client }: Field): Promise<void> {
  const [wrong] = await rebuildReadModel(client);
  if (wrong !== undefined) throw new Error(wrong);
}

async function poison(field: Field): Promise<void> {
  const position = await appendPoison(field.stack.addresses.eventStore);
  field.poison += 1;
  await field.until('the event to be on the list of poison events', SEEN_LIMIT_MS, async () => {
    const [records] = await projectionsOf(field);
    return records?.poison.some((one) => one.position === position) || undefined;
  });
}

async function clocks(field: Field): Promise<void> {
  const ahead = AHEAD.flatMap((service) => field.processes(service).slice(0, 1));
  const toggle = (): void => {
    for (const { pid } of ahead) process.kill(pid, 'SIGUSR2');
  };
  toggle();
  try {
    await field.progress(20, 'while clocks differ');
    await field.outage(6);
  } finally {
    toggle();
  }
}
