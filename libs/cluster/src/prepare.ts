import { createTopics } from '@anamnesis/event-bus/kafka';
import { prepareKeyVault } from '@anamnesis/key-vault/mongo';
import { openMongoReadStore } from '@anamnesis/read-store/mongo';
import type { ClusterConfig } from './config.ts';
import { kafkaConnection } from './kafka.ts';

/**
 * What must stand in the engines before the services come: topics, collections, indexes. Safe to repeat, and to be run
 * by every new version before its services. Throws `Fault` `bus-unavailable`, `vault-unavailable`, `store-unavailable`;
 * `TopicsDiffer` when topics stand otherwise and cannot be changed without loss of order.
 */
export async function prepareEngines(config: ClusterConfig, tell: (line: string) => void): Promise<void> {
  const url = config.mongodb!;
  const topics = async (): Promise<void> => {
    const { partitions, replication: replicationFactor } = config;
    const connection = kafkaConnection(config, 'anamnesis-prepare');
    const { created, differences } = await createTopics(connection, { partitions, replicationFactor });
    tell(created.length === 0 ? 'topics: all there' : `topics: created ${created.join(', ')}`);
    for (const difference of differences) tell(`topics: left as it is: ${difference}`);
  };
  const keys = async (): Promise<void> => {
    await prepareKeyVault({ url });
    tell('key vault: collections and indexes are there');
  };
  const reads = async (): Promise<void> => {
    const store = openMongoReadStore({ url });
    try {
      await store.prepare();
      tell('read models: collections and indexes are there');
    } finally {
      await store.close();
    }
  };
  await Promise.all([topics(), keys(), reads()]);
}
