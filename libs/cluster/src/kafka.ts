import { readFileSync } from 'node:fs';
import type { KafkaConnection } from '@anamnesis/event-bus/kafka';
import type { Log } from '@anamnesis/service';
import type { ClusterConfig } from './config.ts';

/** How the brokers are reached, by the configuration. */
export function kafkaConnection(config: ClusterConfig, clientId: string, log?: Log): KafkaConnection {
  const { kafka, kafkaTls, kafkaUser, kafkaPassword } = config;
  return {
    brokers: kafka!,
    clientId,
    ...(kafkaTls !== undefined && { ssl: { ca: [readFileSync(kafkaTls, 'utf8')] } }),
    ...(kafkaUser !== undefined && {
      sasl: { mechanism: 'scram-sha-512' as const, username: kafkaUser, password: kafkaPassword ?? '' },
    }),
    // What the client says of its own retries; what it cannot get over reaches the log as a fault.
    ...(log && { log: (_level: string, message: string) => log.debug(message, { component: 'kafka' }) }),
  };
}
