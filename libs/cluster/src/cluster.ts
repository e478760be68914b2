import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Accesses, IdentityRecords, openAccesses } from '@anamnesis/access';
import { KafkaEventBus } from '@anamnesis/event-bus/kafka';
import { EventStoreDb } from '@anamnesis/event-store/eventstoredb';
import { serviceClient, type ServiceName, type TokenVerifier } from '@anamnesis/identity';
import { KeycloakTokenVerifier, ServiceTokens } from '@anamnesis/identity/keycloak';
import { Fault } from '@anamnesis/kernel';
import { TracedJournal } from '@anamnesis/journal/traced';
import type { MongoKeyVault } from '@anamnesis/key-vault/mongo';
import { type Closing, count, errorType, HealthRegistry, type Log } from '@anamnesis/service';
import type { ClusterConfig } from './config.ts';
import { openKeyVault } from './open-key-vault.ts';
import { kafkaConnection } from './kafka.ts';
import { Peer } from './peer.ts';

export interface ClusterOptions {
  readonly service: ServiceName;
  readonly config: ClusterConfig;
  readonly log: Log;
  readonly closing: Closing;
}

/** The record of accesses of this process, and what it tells of sign-ins and denials. */
export interface OwnAccesses extends Accesses {
  readonly identity: IdentityRecords;
}

/**
 * The engines and the other services, as one process of the cluster profile reaches them. Each is opened when it is
 * first asked for, once, and closed in the opposite order at the end.
 */
export class Cluster {
  readonly service: ServiceName;
  readonly config: ClusterConfig;
  readonly log: Log;
  readonly closing: Closing;
  readonly health = new HealthRegistry();
  /** The address this process is reached by; '' before it listens. */
  url = '';
  readonly #opened = new Map<string, Promise<unknown>>();

  constructor({ service, config, log, closing }: ClusterOptions) {
    this.service = service;
    this.config = config;
    this.log = log;
    this.closing = closing;
  }

  /** Names this process among all that write. */
  get instance(): string {
    return `${this.service}-${this.config.instance ?? hostname()}`;
  }

  /** Throws `Fault` `store-unavailable` (retryable). */
  store(): Promise<EventStoreDb> {
    return this.#once('event-store', async () => {
      const store = await EventStoreDb.open({ connectionString: this.config.eventStore! });
      this.closing.add(() => store.close());
      this.health.register('event-store', async () => {
        await store.head();
        return { ready: true };
      });
      return store;
    });
  }

  /** Throws `Fault` `vault-unavailable` (retryable), `vault-key-wrong`. */
  vault(): Promise<MongoKeyVault> {
    return this.#once('key-vault', async () => {
      const vault = await openKeyVault(this.config);
      this.closing.add(() => vault.close());
      return vault;
    });
  }

  journal(): Promise<TracedJournal> {
    return this.#once('journal', async () => {
      const [store, vault] = [await this.store(), await this.vault()];
      // Keys were lost, or another database was named: nothing could be read, and new keys would hide it.
      if ((await store.readAll({ limit: 1 })).length > 0 && (await vault.isEmpty())) {
        throw new Fault(
          'vault-key-wrong',
          'The event store has a log, but the key vault has no keys: bring them back.',
        );
      }
      return new TracedJournal(store, vault, 'eventstoredb');
    });
  }

  accesses(): Promise<OwnAccesses> {
    return this.#once('accesses', async () => {
      const spool = join(this.config.dataFolder, `${this.service}.spool`);
      const [journal, vault] = [await this.journal(), await this.vault()];
      const accesses = await openAccesses({ spool, journal, vault, writer: this.instance });
      this.closing.add(() => accesses.close());
      return { ...accesses, identity: new IdentityRecords(accesses.recorder) };
    });
  }

  bus(): Promise<KafkaEventBus> {
    return this.#once('bus', async () => {
      const bus = KafkaEventBus.open({
        connection: kafkaConnection(this.config, this.instance, this.log),
        onFailure: ({ group, lane, error }) => {
          count('anamnesis.bus.retries', 1, { 'anamnesis.bus.group': group, 'error.type': errorType(error) });
          this.log.warn('a delivery is repeated', { lane, ...(error instanceof Fault && { code: error.code }) });
        },
        onDeadLetter: ({ group, lane, event }, error) => {
          count('anamnesis.bus.dead_letters', 1, { 'anamnesis.bus.group': group, 'error.type': errorType(error) });
          this.log.error('an event was set aside', { lane, position: event.position, error });
        },
      });
      this.closing.add(() => bus.close());
      return bus;
    });
  }

  /** Who callers are, by Keycloak's keys. */
  verifier(): Promise<TokenVerifier> {
    return this.#once('verifier', async () => {
      const { keycloak, issuer, clientSecret } = this.config;
      const verifier = new KeycloakTokenVerifier({
        keycloakUrl: keycloak!,
        issuer: () => issuer!,
        log: this.log,
        ...(this.service === 'gateway' && { clientSecret: clientSecret! }),
      });
      this.closing.add(() => verifier.close());
      return verifier;
    });
  }

  /** What this process shows when it asks another service. */
  tokens(): Promise<ServiceTokens> {
    return this.#once('tokens', async () => {
      const { keycloak, clientSecret } = this.config;
      const tokens = new ServiceTokens({
        keycloakUrl: keycloak!,
        clientId: serviceClient(this.service),
        clientSecret: clientSecret!,
        log: this.log,
      });
      this.closing.add(() => tokens.close());
      return tokens;
    });
  }

  peer(service: ServiceName): Promise<Peer> {
    return this.#once(`peer ${service}`, async () => {
      const addresses = this.config[service];
      if (addresses === undefined) throw new TypeError(`the address of ${service} is not configured`);
      const tokens = await this.tokens();
      const peer = new Peer({ addresses, token: async () => tokens.token() });
      this.closing.add(() => peer.close());
      return peer;
    });
  }

  #once<T>(name: string, open: () => Promise<T>): Promise<T> {
    const before = this.#opened.get(name) as Promise<T> | undefined;
    if (before) return before;
    const opening = open();
    this.#opened.set(name, opening);
    // What could not be opened is tried again by who asks again.
    opening.catch(() => this.#opened.delete(name));
    return opening;
  }
}
