import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '@anamnesis/kernel';
import { z } from 'zod';
import { askKeycloak, type KeycloakAnswer, type KeycloakRequest } from './ask-keycloak.ts';
import type { RealmDocument } from './realm-document.ts';

export interface KeycloakAdminOptions {
  readonly keycloakUrl: string;
  /** Of the master realm. */
  readonly username: string;
  readonly password: string;
}

const TOKEN = z.looseObject({ access_token: z.string(), expires_in: z.number() });
const CLIENTS = z.array(z.looseObject({ id: z.string() }));
const POLL_MS = 500;
/** Making a realm makes keys and hashes passwords; an administrator waits for that. */
const TIMEOUT_MS = 60_000;

/**
 * What installing a realm takes of Keycloak's admin API.
 * All of it throws `Fault` `identity-unavailable`: retryable when Keycloak is away, not when it refuses.
 */
export class KeycloakAdmin {
  readonly #options: KeycloakAdminOptions;
  #token: { readonly value: string; readonly until: number } | undefined;

  constructor(options: KeycloakAdminOptions) {
    this.#options = options;
  }

  /** Waits until Keycloak answers; it says 503 while it starts. */
  async ready(limit = 120_000): Promise<void> {
    const deadline = Date.now() + limit;
    for (;;) {
      try {
        const { status } = await askKeycloak(`${this.#options.keycloakUrl}/realms/master`, { timeout: 2_000 });
        if (status === 200) return;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
      if (Date.now() > deadline) throw refused('Keycloak did not start in time');
      await pause(POLL_MS);
    }
  }

  async hasRealm(name: string): Promise<boolean> {
    return (await this.ask(`/realms/${encodeURIComponent(name)}`)).status === 200;
  }

  /** Makes the realm where there is none of its name; whether it did. */
  async importRealm(document: RealmDocument): Promise<boolean> {
    const { status } = await this.ask('/realms', { json: document });
    if (status === 201) return true;
    if (status === 409) return false;
    throw refused('Keycloak did not take the realm');
  }

  /** Makes the realm anew: what was there under its name is gone, people and sessions included. */
  async replaceRealm(document: RealmDocument): Promise<void> {
    await this.removeRealm(document.realm);
    if (!(await this.importRealm(document))) throw refused('the realm came back while it was replaced');
  }

  async removeRealm(name: string): Promise<void> {
    const { status } = await this.ask(`/realms/${encodeURIComponent(name)}`, { method: 'DELETE' });
    if (status !== 204 && status !== 404) throw refused('Keycloak did not remove the realm');
  }

  /** Gives clients of a realm that is there already the secrets that an installation has chosen. */
  async setClientSecrets(realm: string, secrets: Readonly<Record<string, string>>): Promise<void> {
    const clients = `/realms/${encodeURIComponent(realm)}/clients`;
    for (const [clientId, secret] of Object.entries(secrets)) {
      const found = CLIENTS.safeParse((await this.ask(`${clients}?${new URLSearchParams({ clientId })}`)).body);
      const [client] = found.success ? found.data : [];
      if (client === undefined) throw refused('the realm has no such client');
      const { status } = await this.ask(`${clients}/${client.id}`, { method: 'PUT', json: { ...client, secret } });
      if (status !== 204) throw refused('Keycloak did not take the secret of a client');
    }
  }

  /** A request below `/admin`, as the administrator. */
  async ask(path: string, request: KeycloakRequest = {}): Promise<KeycloakAnswer> {
    const headers = { ...request.headers, authorization: `Bearer ${await this.#accessToken()}` };
    const answer = await askKeycloak(`${this.#options.keycloakUrl}/admin${path}`, {
      timeout: TIMEOUT_MS,
      ...request,
      headers,
    });
    if (answer.status === 401 || answer.status === 403) throw refused('the administrator may not do this');
    return answer;
  }

  async #accessToken(): Promise<string> {
    if (this.#token !== undefined && Date.now() < this.#token.until) return this.#token.value;
    const { keycloakUrl, username, password } = this.#options;
    const form = { grant_type: 'password', client_id: 'admin-cli', username, password };
    const { body } = await askKeycloak(`${keycloakUrl}/realms/master/protocol/openid-connect/token`, { form });
    const answer = TOKEN.safeParse(body);
    if (!answer.success) throw refused('Keycloak does not know this administrator');
    const { access_token: value, expires_in: seconds } = answer.data;
    this.#token = { value, until: Date.now() + seconds * 500 };
    return value;
  }
}

function refused(message: string): Fault {
  return new Fault('identity-unavailable', message);
}
