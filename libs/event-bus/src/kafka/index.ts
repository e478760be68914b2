export { BUS_CONTEXTS, contextOfStream } from './bus-names.ts';
export type { ConsumerTuning } from './consumer-tuning.ts';
export { createTopics, plannedTopics, TopicsDiffer, type TopicReport, type TopicSettings } from './create-topics.ts';
export { KafkaBatchServer } from './kafka-batch-server.ts';
export type { KafkaConnection } from './kafka-client.ts';
export { KafkaEventBus, type KafkaEventBusOptions } from './kafka-event-bus.ts';
export { KafkaRelayBus, type KafkaRelayBusOptions } from './relay/kafka-relay-bus.ts';
export type { ElectionTuning } from './relay/relay-election.ts';
export type { RelayProducerTuning } from './relay/relay-producer.ts';
