import { Latencies } from './latencies.ts';
import { LeanConnection } from './lean-connection.ts';

/** One request of a client; its name, for the figures, and whether the answer was as it should be. */
export type Step = (connection: LeanConnection) => Promise<{ readonly name: string; readonly right: boolean }>;

export interface LoopOptions {
  readonly url: string;
  /** One a client: what it asks for, over and over. */
  readonly clients: readonly Step[];
  readonly seconds: number;
  /** Requests a second of all clients together; absent: each asks again as soon as it has its answer. */
  readonly rate?: number;
}

export interface LoopResult {
  readonly requestsPerSecond: number;
  readonly errors: number;
  readonly all: Latencies;
  readonly byName: ReadonlyMap<string, Latencies>;
}

/**
 * Clients that wait for each answer before they ask again. At a given rate each keeps to a timetable, and a late
 * answer's delay counts as part of what waited behind it: latency is taken from when a request was due.
 */
export async function closedLoop(options: LoopOptions): Promise<LoopResult> {
  const connections = await Promise.all(options.clients.map(() => LeanConnection.open(options.url)));
  const all = new Latencies();
  const byName = new Map<string, Latencies>();
  const gap = options.rate === undefined ? 0 : (1_000 * options.clients.length) / options.rate;
  let errors = 0;
  const started = performance.now();
  const end = started + options.seconds * 1_000;

  const client = async (step: Step, index: number): Promise<void> => {
    const connection = connections[index]!;
    let due = started + (gap * index) / options.clients.length;
    for (;;) {
      if (gap > 0) await until(due);
      const from = gap > 0 ? due : performance.now();
      if (from >= end) return;
      const { name, right } = await step(connection);
      const took = performance.now() - from;
      all.record(took);
      named(byName, name).record(took);
      if (!right) errors += 1;
      due += gap;
    }
  };
  try {
    await Promise.all(options.clients.map(client));
  } finally {
    for (const connection of connections) connection.close();
  }
  const took = (performance.now() - started) / 1_000;
  return { requestsPerSecond: all.count / took, errors, all, byName };
}

function named(byName: Map<string, Latencies>, name: string): Latencies {
  let latencies = byName.get(name);
  if (latencies === undefined) byName.set(name, (latencies = new Latencies()));
  return latencies;
}

async function until(instant: number): Promise<void> {
  const left = instant - performance.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}
