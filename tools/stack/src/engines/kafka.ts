import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { freePort } from '../processes/free-port.ts';
import { Restartable, type Faulty } from '../processes/restartable.ts';
import type { ProcessSpec } from '../processes/started-process.ts';
import { listens, untilReady } from '../processes/until-ready.ts';
import { installed } from './cache.ts';
import { checkFolder } from './checksum.ts';
import { workFolder } from './folders.ts';
import { kafkaProperties, type NodePorts } from './kafka-properties.ts';
import { toStderr, type Log } from './log.ts';
import { copyDependencies } from './maven.ts';
import { KAFKA } from './pinned.ts';
import { cleanEnvironment, needProgram } from './programs.ts';
import { runInstaller } from './run-installer.ts';

const READY_LIMIT_MS = 90_000;
const CALL_LIMIT_MS = 3_000;
const HEAP = ['-Xms64m', '-Xmx512m', '-XX:+UseSerialGC'];

export interface KafkaOptions {
  /** One by default. Three survive the loss of one. */
  readonly brokers?: 1 | 3;
  /** Where its data and logs go, and stay; a temporary folder by default. */
  readonly folder?: string;
  readonly log?: Log;
}

export interface RunningKafka {
  /** host:port of each broker. */
  readonly bootstrap: readonly string[];
  readonly nodes: readonly Faulty[];
  stop(): Promise<void>;
}

/** Starts Apache Kafka in KRaft mode on loopback, ready to take calls. Needs Java; Maven the first time. */
export async function startKafka({
  brokers = 1,
  folder: asked,
  log = toStderr,
}: KafkaOptions = {}): Promise<RunningKafka> {
  const java = needProgram('java', 'Kafka');
  const libs = await kafkaLibs(log);
  const { folder, remove } = await workFolder('kafka', asked);
  const ports: NodePorts[] = [];
  for (let id = 1; id <= brokers; id += 1) ports.push({ id, broker: await freePort(), controller: await freePort() });
  const bootstrap = ports.map(({ broker }) => `127.0.0.1:${broker}`);
  const cluster = clusterId();
  const nodes = await Promise.all(ports.map((node) => prepared({ java, libs, folder, cluster }, node, ports, log)));
  // Together: the last one that runs has no quorum, and waits for one until its limit.
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await remove();
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
    return { bootstrap, nodes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Fetches Kafka if need be; the folder of its jars. */
export async function kafkaLibs(log: Log): Promise<string> {
  const folder = await installed(
    {
      name: `kafka-${KAFKA.version}`,
      pins: KAFKA,
      install: async (into, tell) => checkFolder(await copyDependencies(into, KAFKA.dependencies, tell), KAFKA.sha256),
    },
    log,
  );
  return join(folder, 'libs');
}

/** 16 random bytes in base64; one that began with a hyphen would be taken for an option. */
function clusterId(): string {
  const bytes = randomBytes(16);
  bytes[0]! &= 0x7f;
  return bytes.toString('base64url');
}

interface Setting {
  readonly java: string;
  readonly libs: string;
  readonly folder: string;
  readonly cluster: string;
}

async function prepared(
  { java, libs, folder, cluster }: Setting,
  node: NodePorts,
  ports: readonly NodePorts[],
  log: Log,
): Promise<Restartable> {
  const name = ports.length === 1 ? 'kafka' : `kafka-${node.id}`;
  const place = join(folder, name);
  const properties = join(place, 'server.properties');
  await mkdir(place, { recursive: true });
  await writeFile(properties, kafkaProperties(node, ports, join(place, 'data')));
  const base = [...HEAP, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(libs, '*')];
  const args = [...base, 'kafka.tools.StorageTool', 'format', '-t', cluster, '-c', properties, '--ignore-formatted'];
  await runInstaller({ name: `${name} format`, command: java, args, folder: place, env: cleanEnvironment(), log });
  const spec: ProcessSpec = {
    name,
    command: java,
    args: [...base, 'kafka.Kafka', properties],
    env: cleanEnvironment(),
    cwd: place,
    logFile: join(folder, `${name}.log`),
  };
  return new Restartable(spec, {
    ready: (started) => untilReady(started, () => answers(node), { limitMs: READY_LIMIT_MS, pauseMs: 250 }),
  });
}

/** A port that is open is not enough: the broker must have joined the cluster it describes. */
async function answers({ id, broker }: NodePorts): Promise<boolean> {
  if (!(await listens(broker))) return false;
  const client = new Kafka({
    brokers: [`127.0.0.1:${broker}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: CALL_LIMIT_MS,
    requestTimeout: CALL_LIMIT_MS,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.some(({ nodeId }) => nodeId === id);
  } finally {
    await admin.disconnect();
  }
}
