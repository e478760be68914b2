export interface NodePorts {
  readonly id: number;
  readonly broker: number;
  readonly controller: number;
}

/** `server.properties` of one node of a KRaft cluster on loopback, where every node is broker and controller. */
export function kafkaProperties(node: NodePorts, cluster: readonly NodePorts[], dataFolder: string): string {
  const factor = cluster.length;
  const inSync = Math.max(1, factor - 1);
  const settings: Readonly<Record<string, string | number | boolean>> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': cluster.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${node.broker},CONTROLLER://127.0.0.1:${node.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${node.broker}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': dataFolder,
    'auto.create.topics.enable': false,
    'default.replication.factor': factor,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': factor,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': 0,
    'unclean.leader.election.enable': false,
    ...(factor > 1 && QUICK_FAILOVER),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** A lost node is noticed within seconds, so that tests of it need not wait for half a minute. */
const QUICK_FAILOVER = {
  'broker.session.timeout.ms': 3_000,
  'broker.heartbeat.interval.ms': 500,
  'controller.quorum.fetch.timeout.ms': 2_000,
  'controller.quorum.election.timeout.ms': 1_000,
  'replica.lag.time.max.ms': 5_000,
} as const;
