import { describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, startKeycloak, startMongo, startOpenBao } from '../src/engines/index.ts';
import { listens } from '../src/processes/until-ready.ts';

const LIMIT = 240_000;
const quiet = (): void => undefined;
const portOf = (url: string): number => Number(new URL(url).port);

describe('Kafka', () => {
  it(
    'keeps what was acknowledged when a node is killed, and leaves nothing running',
    async () => {
      const kafka = await startKafka({ log: quiet });
      try {
        const client = new Kafka({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 10 } });
        const admin = client.admin();
        await admin.connect();
        await admin.createTopics({ waitForLeaders: true, topics: [{ topic: 'kept', numPartitions: 1 }] });
        const producer = client.producer();
        await producer.connect();
        await producer.send({ topic: 'kept', acks: -1, messages: [{ value: 'one' }] });
        await producer.disconnect();
        await kafka.nodes[0]!.kill();
        await kafka.nodes[0]!.restart();
        expect(await admin.fetchTopicOffsets('kept')).toMatchObject([{ partition: 0, high: '1' }]);
        await admin.disconnect();
      } finally {
        await kafka.stop();
      }
      expect(await listens(Number(kafka.bootstrap[0]!.split(':')[1]))).toBe(false);
    },
    LIMIT,
  );

  it(
    'of three nodes goes on without one',
    async () => {
      const kafka = await startKafka({ brokers: 3, log: quiet });
      try {
        expect(kafka.bootstrap).toHaveLength(3);
        const client = new Kafka({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 20 } });
        const admin = client.admin();
        await admin.connect();
        await admin.createTopics({
          waitForLeaders: true,
          topics: [{ topic: 'kept', numPartitions: 3, replicationFactor: 3 }],
        });
        await kafka.nodes[0]!.kill();
        const producer = client.producer();
        await producer.connect();
        for (const partition of [0, 1, 2]) {
          await producer.send({ topic: 'kept', acks: -1, messages: [{ partition, value: 'one' }] });
        }
        await kafka.nodes[0]!.restart();
        const offsets = await admin.fetchTopicOffsets('kept');
        expect(offsets.map(({ high }) => high)).toEqual(['1', '1', '1']);
        await producer.disconnect();
        await admin.disconnect();
      } finally {
        await kafka.stop();
      }
    },
    LIMIT,
  );
});

describe('the database', () => {
  it(
    'is there again after a kill, at the same address',
    async () => {
      const mongo = await startMongo({ log: quiet });
      const first = mongo.pid;
      try {
        await mongo.kill();
        expect(await listens(portOf(mongo.url))).toBe(false);
        await mongo.restart();
        expect(await listens(portOf(mongo.url))).toBe(true);
        expect(mongo.pid).not.toBe(first);
      } finally {
        await mongo.stop();
      }
      expect(await listens(portOf(mongo.url))).toBe(false);
    },
    LIMIT,
  );
});

describe('Keycloak', () => {
  it(
    'has the realm that was asked for, and keeps it over a restart',
    async () => {
      const hostname = 'http://record.example';
      const keycloak = await startKeycloak({ realm: { realm: 'ward', enabled: true }, hostname, log: quiet });
      const issuer = async (): Promise<unknown> => {
        const answer = await fetch(`${keycloak.url}/realms/ward/.well-known/openid-configuration`);
        return ((await answer.json()) as { issuer: string }).issuer;
      };
      try {
        expect(await issuer()).toBe(`${hostname}/realms/ward`);
        await keycloak.kill();
        await keycloak.restart();
        expect(await issuer()).toBe(`${hostname}/realms/ward`);
      } finally {
        await keycloak.stop();
      }
      expect(await listens(portOf(keycloak.url))).toBe(false);
    },
    LIMIT,
  );
});

describe('OpenBao', () => {
  it(
    'has a transit engine whose keys outlive a kill',
    async () => {
      const bao = await startOpenBao({ log: quiet });
      const transit = async (path: string, body: object): Promise<{ data?: Record<string, string> }> => {
        const headers = { 'x-vault-token': bao.token };
        const answer = await fetch(`${bao.url}/v1/transit/${path}`, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
        });
        return (await answer.json()) as { data?: Record<string, string> };
      };
      try {
        await transit('keys/k', {});
        const plaintext = Buffer.from('secret').toString('base64');
        const { ciphertext } = (await transit('encrypt/k', { plaintext })).data!;
        await bao.kill();
        await bao.restart();
        expect((await transit('decrypt/k', { ciphertext })).data).toMatchObject({ plaintext });
      } finally {
        await bao.stop();
      }
      expect(await listens(portOf(bao.url))).toBe(false);
    },
    LIMIT,
  );
});
