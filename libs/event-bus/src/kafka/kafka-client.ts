import { Kafka, logLevel, type KafkaConfig, type RetryOptions, type SASLOptions } from 'kafkajs';
import { Fault } from '@anamnesis/kernel';

/** How the brokers are reached. TLS and SASL settings go through to the client as they are. */
export interface KafkaConnection {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly ssl?: Exclude<KafkaConfig['ssl'], undefined>;
  readonly sasl?: SASLOptions;
  /** A broker that has not answered for so long, in milliseconds, is asked again; default 10,000. */
  readonly requestTimeoutMs?: number;
  /** Told what the client warns of; it names brokers, topics and groups, never a message. */
  readonly log?: (level: 'error' | 'warn', message: string) => void;
}

/**
 * A client of its own for everyone who connects: consumers of one client share what it remembers of a group's
 * offsets, and would read each other's.
 */
export function newClient({ brokers, ssl, sasl, log, ...rest }: KafkaConnection, retry?: RetryOptions): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId: rest.clientId ?? 'anamnesis',
    connectionTimeout: 3_000,
    requestTimeout: rest.requestTimeoutMs ?? 10_000,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(retry === undefined ? {} : { retry }),
    logLevel: log === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator: () => (entry) => log?.(entry.level === logLevel.WARN ? 'warn' : 'error', entry.log.message),
  });
}

/** Errors that no repeat will overcome: somebody has to allow it first. */
const LASTING = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
]);

/** What the client failed with, as the port says it. */
export function kafkaFault(cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const retryable = !errorsOf(cause).some(
    ({ type, name }) => (type !== undefined && LASTING.has(type)) || name === 'KafkaJSSASLAuthenticationError',
  );
  const message = retryable ? 'Kafka cannot be reached.' : 'Kafka does not let us do this.';
  return new Fault('bus-unavailable', message, { retryable, cause });
}

interface KafkaError {
  readonly name: string;
  readonly type?: string;
}

/** The error and what it wraps: kafkajs hides the broker's own word below its retries. */
export function errorsOf(error: unknown): KafkaError[] {
  const found: KafkaError[] = [];
  for (let next = error; next instanceof Error && found.length < 10; next = next.cause) {
    const { type } = next as { type?: unknown };
    found.push({ name: next.name, ...(typeof type === 'string' ? { type } : {}) });
  }
  return found;
}

/** Kafka's failures as faults; whatever else goes wrong is no fault of Kafka's, and stays what it is. */
export async function asFault<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw errorsOf(error).some(({ name }) => name.startsWith('KafkaJS')) ? kafkaFault(error) : error;
  }
}
