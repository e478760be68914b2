import { FhirClient } from './fhir-client.ts';
import type { Server } from './server.ts';
import { tokensOf } from './sign-in.ts';

/** The people who work with a record, each signed in once. */
export class Team {
  readonly #server: Server;
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(server: Server) {
    this.#server = server;
  }

  token(username: string): Promise<string> {
    let token = this.#tokens.get(username);
    if (token === undefined) {
      token = tokensOf(this.#server, username).then(({ access_token }) => access_token);
      this.#tokens.set(username, token);
    }
    return token;
  }

  async as(username: string, headers: Readonly<Record<string, string>> = {}): Promise<FhirClient> {
    return new FhirClient(`${this.#server.url}/fhir`, await this.token(username), headers);
  }

  /** A way to the service's own API rather than to FHIR. */
  async api(username: string): Promise<FhirClient> {
    const json = { 'content-type': 'application/json' };
    return new FhirClient(this.#server.url, await this.token(username), json);
  }
}
