import type { RelayBus, RelayTurn } from '@anamnesis/event-bus';
import type { StoredEvent } from '@anamnesis/event-store';
import type { Position } from '@anamnesis/kernel';
import {
  annotateSpan,
  type BatchPlan,
  count,
  errorType,
  eventsByTrace,
  recordDuration,
  type SpanPlan,
  type SpanRole,
  telemetryIsOn,
  traceBatch,
} from '@anamnesis/service';

const SENDING = { 'messaging.system': 'kafka', 'messaging.operation.name': 'send' } as const;

/** The topic that a stream's events go to. */
export type TopicOf = (stream: string) => string;

/**
 * What the relay sends, traced and counted while telemetry is on: a span for each transaction, and one in each
 * request's own trace.
 */
export class TracedRelayBus implements RelayBus {
  readonly #bus: RelayBus;
  readonly #topicOf: TopicOf;

  constructor(bus: RelayBus, topicOf: TopicOf) {
    this.#bus = bus;
    this.#topicOf = topicOf;
  }

  async takeTurn(signal: AbortSignal): Promise<RelayTurn> {
    const turn = await this.#bus.takeTurn(signal);
    return telemetryIsOn() ? new TracedTurn(turn, this.#topicOf) : turn;
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}

class TracedTurn implements RelayTurn {
  readonly #turn: RelayTurn;
  readonly #topicOf: TopicOf;

  constructor(turn: RelayTurn, topicOf: TopicOf) {
    this.#turn = turn;
    this.#topicOf = topicOf;
  }

  get progress(): Position {
    return this.#turn.progress;
  }

  get over(): AbortSignal {
    return this.#turn.over;
  }

  get owing(): boolean {
    return this.#turn.owing;
  }

  publish(events: readonly StoredEvent[], through: Position): Promise<void> {
    const publish = (): Promise<void> => this.#turn.publish(events, through);
    if (events.length === 0) return publish();
    return traceBatch(
      () => planOf(events, this.#topicOf),
      () => timed(events, this.#topicOf, publish),
    );
  }

  settle(): Promise<void> {
    return this.#turn.settle();
  }

  end(): Promise<void> {
    return this.#turn.end();
  }
}

async function timed(events: readonly StoredEvent[], topicOf: TopicOf, publish: () => Promise<void>): Promise<void> {
  const began = performance.now();
  let failure: { 'error.type'?: string } = {};
  try {
    await publish();
    for (const [topic, sent] of Map.groupBy(events, ({ stream }) => topicOf(stream))) {
      count('messaging.client.sent.messages', sent.length, { ...SENDING, 'messaging.destination.name': topic });
    }
  } catch (error) {
    failure = { 'error.type': errorType(error) };
    annotateSpan(failure, true);
    throw error;
  } finally {
    const kind = { ...SENDING, 'messaging.operation.type': 'send' };
    recordDuration('messaging.client.operation.duration', performance.now() - began, { ...kind, ...failure });
  }
}

/** A transaction goes to several topics, and has no more of a destination than they have in common. */
export function planOf(events: readonly StoredEvent[], topicOf: TopicOf): BatchPlan {
  return {
    ...sendingOf(events, topicOf, 'client'),
    parts: [...eventsByTrace(events)].map(([parent, own]) => ({ parent, ...sendingOf(own, topicOf, 'producer') })),
  };
}

function sendingOf(events: readonly StoredEvent[], topicOf: TopicOf, role: SpanRole): SpanPlan {
  const topic = topicOf(events[0]!.stream);
  const only = events.every(({ stream }) => topicOf(stream) === topic);
  return {
    name: only ? `send ${topic}` : 'send',
    role,
    attributes: {
      ...SENDING,
      'messaging.operation.type': 'send',
      'messaging.batch.message_count': events.length,
      ...(only && { 'messaging.destination.name': topic }),
    },
  };
}
