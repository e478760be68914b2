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
    // What the client warns of names brokers, topics and groups, never a message of the bus.
    ...(log && { log: (level: 'error' | 'warn', message: string) => log[level](message, { component: 'kafka' }) }),
  };
}
