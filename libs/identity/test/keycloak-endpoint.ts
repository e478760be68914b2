import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

interface Said {
  readonly status?: number;
  readonly body: unknown;
}

type Handler = (form: URLSearchParams, request: IncomingMessage) => Said | Promise<Said>;

/** The endpoints of a realm that a service asks, answered by real keys; each can be made to misbehave. */
export class KeycloakEndpoint {
  keys: SigningKey[] = [];
  /** What introspection says of a token. */
  active: (token: string) => boolean = () => true;
  /** Answers of one's own, by the end of the path. */
  readonly answers = new Map<string, Handler>();
  /** How often each path was asked. */
  readonly asked = new Map<string, number>();
  away = false;
  #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get issuer(): string {
    return 'https://record.example/realms/anamnesis';
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  count(path: string): number {
    return this.asked.get(path) ?? 0;
  }

  sign(key: SigningKey, claims: Record<string, unknown> = {}, now = Date.now()): Promise<string> {
    const seconds = Math.floor(now / 1_000);
    const payload = {
      iss: this.issuer,
      aud: 'anamnesis-gateway',
      sub: 's-1',
      iat: seconds,
      exp: seconds + 900,
      typ: 'Bearer',
      azp: 'anamnesis-web',
      preferred_username: 'nurse',
      realm_access: { roles: ['nurse'] },
      facility: ['F1', 'F2'],
      acr: 'aal1',
      sid: 'session-1',
      ...claims,
    };
    return new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid }).sign(key.privateKey);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    const path = (request.url ?? '').split('?')[0]!.split('/').at(-1)!;
    this.asked.set(path, this.count(path) + 1);
    if (this.away) return void request.socket.destroy();
    const handler = this.answers.get(path);
    if (handler !== undefined) {
      const { status = 200, body } = await handler(form, request);
      return void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    }
    if (path === 'certs') return void response.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }));
    if (path === 'introspect')
      return void response.end(JSON.stringify({ active: this.active(form.get('token') ?? '') }));
    response.writeHead(404).end('{}');
  }
}
