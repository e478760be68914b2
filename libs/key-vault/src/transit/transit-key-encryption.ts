import { readFile } from 'node:fs/promises';
import { Fault } from '@anamnesis/kernel';
import type { KeyEncryption, OwnedWrappedKey, PlainKey, WrappedKey, WrapOwner } from '../key-encryption.ts';
import { nameOfOwner } from '../owner-name.ts';
import type { TransitAuth } from './token.ts';
import { TransitClient } from './transit-client.ts';
import {
  refusedRequest,
  unexpectedAnswer,
  unfitTransitKey,
  unreadableSecret,
  wrongTransitKey,
} from './transit-fault.ts';

export interface TransitOptions {
  /** `https://host:8200`; plain http only to this machine itself. */
  readonly address: string;
  /** The transit key's name. */
  readonly key: string;
  readonly auth: TransitAuth;
  /** Where the transit engine is mounted; default `transit`. */
  readonly mount?: string;
  readonly namespace?: string;
  /** The certificate authority of the service, PEM; what the system trusts when not given. */
  readonly caFile?: string;
  /** Makes the transit key (`aes256-gcm96`) where there is none. Else that is a `vault-key-wrong`. */
  readonly create?: boolean;
  /** Milliseconds until a service that does not answer is a fault; default 5,000. */
  readonly timeoutMs?: number;
}

interface TransitKey {
  readonly latest: number;
  readonly leastDecryption: number;
}

const AEAD = new Set(['aes128-gcm96', 'aes256-gcm96', 'chacha20-poly1305', 'xchacha20-poly1305']);
const AT_ONCE = 8;
/** OpenBao takes a thousand strings in one request unless it is told otherwise; an item has four. */
const ITEMS_PER_REQUEST = 200;

/**
 * The key-encryption key in the transit engine of HashiCorp Vault or OpenBao, which never gives it away
 * (https://openbao.org/api-docs/secret/transit/). The owner is bound as associated data; wrapped bytes are those of
 * the engine's ciphertext behind its `vault:v<version>:`.
 *
 * The token needs `update` on `<mount>/encrypt/<key>` and `<mount>/decrypt/<key>` and `read` on `<mount>/keys/<key>`;
 * whoever rotates also `update` on `<mount>/keys/<key>/rotate` and `<mount>/keys/<key>/config`. It must not have
 * `create` on `encrypt`: the engine would make a lost key anew without a word.
 */
export class TransitKeyEncryption implements KeyEncryption {
  readonly #client: TransitClient;
  readonly #mount: string;
  readonly #key: string;

  private constructor(client: TransitClient, mount: string, key: string) {
    this.#client = client;
    this.#mount = mount;
    this.#key = encodeURIComponent(key);
  }

  /** Signs in and looks at the key. Throws `Fault` `vault-unavailable`, `vault-key-wrong`. */
  static async open(options: TransitOptions): Promise<TransitKeyEncryption> {
    const { mount = 'transit', timeoutMs = 5_000, caFile, key, create = false } = options;
    const ca = caFile === undefined ? undefined : await readAuthority(caFile);
    const client = new TransitClient({ ...options, timeoutMs, atOnce: AT_ONCE, ...(ca !== undefined && { ca }) });
    const encryption = new TransitKeyEncryption(client, mount, key);
    try {
      await encryption.#look(create);
      return encryption;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async wrap(owner: WrapOwner, key: Uint8Array): Promise<WrappedKey> {
    const [wrapped] = await this.wrapAll([{ owner, key }]);
    return wrapped!;
  }

  async unwrap(owner: WrapOwner, wrapped: WrappedKey): Promise<Uint8Array> {
    const [key] = await this.unwrapAll([{ owner, wrapped }]);
    if (key instanceof Fault) throw key;
    return key!;
  }

  async wrapAll(keys: readonly PlainKey[]): Promise<readonly WrappedKey[]> {
    const items = keys.map(({ owner, key }) => ({
      plaintext: Buffer.from(key).toString('base64'),
      associated_data: associatedData(owner),
    }));
    return (await this.#batch('encrypt', items)).map(({ ciphertext }) => wrappedKey(ciphertext));
  }

  async unwrapAll(keys: readonly OwnedWrappedKey[]): Promise<readonly (Uint8Array | Fault)[]> {
    const items = keys.map(({ owner, wrapped: { version, bytes } }) => ({
      ciphertext: `vault:v${version}:${Buffer.from(bytes).toString('base64')}`,
      associated_data: associatedData(owner),
    }));
    return (await this.#batch('decrypt', items)).map(({ plaintext, error }) => {
      if (typeof error === 'string' && error !== '') return wrongTransitKey();
      if (typeof plaintext !== 'string' || plaintext === '') throw unexpectedAnswer();
      return new Uint8Array(Buffer.from(plaintext, 'base64'));
    });
  }

  async rotate(): Promise<number> {
    const { status } = await this.#client.call({ method: 'POST', path: this.#path('keys', '/rotate'), body: {} });
    if (status >= 300) throw refusedRequest(status);
    return (await this.#look(false)).latest;
  }

  /** Earlier versions stay in the service, but it decrypts nothing with them any more. */
  async retireBefore(version: number): Promise<void> {
    if ((await this.#look(false)).leastDecryption >= version) return;
    const body = { min_decryption_version: version };
    const { status } = await this.#client.call({ method: 'POST', path: this.#path('keys', '/config'), body });
    if (status >= 300) throw refusedRequest(status);
  }

  /** Ends the renewal of the token and closes the connections. */
  close(): void {
    this.#client.close();
  }

  async #look(create: boolean): Promise<TransitKey> {
    const { status, body } = await this.#client.call({ method: 'GET', path: this.#path('keys') });
    if (status === 404) {
      if (!create) throw wrongTransitKey();
      await this.#create();
      return this.#look(false);
    }
    if (status !== 200) throw refusedRequest(status);
    const { type, derived, latest_version, min_decryption_version } = dataOf(body);
    if (typeof type !== 'string' || !AEAD.has(type) || derived === true) throw unfitTransitKey();
    if (!Number.isSafeInteger(latest_version)) throw unexpectedAnswer();
    return { latest: latest_version as number, leastDecryption: Number(min_decryption_version ?? 0) };
  }

  /** Where another process was first, the service keeps that one's. */
  async #create(): Promise<void> {
    const body = { type: 'aes256-gcm96' };
    const { status } = await this.#client.call({ method: 'POST', path: this.#path('keys'), body });
    if (status >= 300) throw refusedRequest(status);
  }

  async #batch(what: 'encrypt' | 'decrypt', items: readonly object[]): Promise<readonly Record<string, unknown>[]> {
    const requests: Promise<readonly Record<string, unknown>[]>[] = [];
    for (let at = 0; at < items.length; at += ITEMS_PER_REQUEST) {
      requests.push(this.#request(what, items.slice(at, at + ITEMS_PER_REQUEST)));
    }
    return (await Promise.all(requests)).flat();
  }

  async #request(what: 'encrypt' | 'decrypt', items: readonly object[]): Promise<readonly Record<string, unknown>[]> {
    const path = this.#path(what);
    const { status, body } = await this.#client.call({ method: 'POST', path, body: { batch_input: items } });
    const results = dataOf(body).batch_results;
    // A batch of which something failed has status 400, and says of each item how it went.
    if (!Array.isArray(results)) throw saysNoKey(body) ? wrongTransitKey() : refusedRequest(status);
    if (results.length !== items.length) throw unexpectedAnswer();
    return results as Record<string, unknown>[];
  }

  #path(what: 'keys' | 'encrypt' | 'decrypt', rest = ''): string {
    return `${this.#mount}/${what}/${this.#key}${rest}`;
  }
}

function associatedData(owner: WrapOwner): string {
  return Buffer.from(nameOfOwner(owner), 'utf8').toString('base64');
}

function wrappedKey(ciphertext: unknown): WrappedKey {
  const found = /^vault:v([1-9]\d{0,8}):([A-Za-z0-9+/]+=*)$/.exec(typeof ciphertext === 'string' ? ciphertext : '');
  if (!found) throw unexpectedAnswer();
  return { version: Number(found[1]), bytes: Buffer.from(found[2]!, 'base64') };
}

function dataOf(body: unknown): Record<string, unknown> {
  return (body as { data?: Record<string, unknown> | null } | undefined)?.data ?? {};
}

function saysNoKey(body: unknown): boolean {
  const { errors } = (body ?? {}) as { errors?: unknown };
  return Array.isArray(errors) && errors.some((error) => /encryption key not found/.test(String(error)));
}

async function readAuthority(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadableSecret(error);
  }
}
