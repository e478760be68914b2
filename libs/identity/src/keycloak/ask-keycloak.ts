import { Fault } from '@anamnesis/kernel';

export interface KeycloakAnswer {
  readonly status: number;
  /** Of JSON; undefined for an empty body. */
  readonly body: unknown;
}

export interface KeycloakRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Milliseconds, for the whole of it. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 5_000;
const LONGEST_ANSWER = 16 * 1024 * 1024;

/**
 * One request to Keycloak. Answers below 500 come back whatever they are.
 * Throws `Fault` `identity-unavailable`, retryable, when Keycloak cannot be reached, takes too long, fails, or answers
 * something else than JSON, as a proxy before it may.
 */
export async function askKeycloak(url: string, request: KeycloakRequest = {}): Promise<KeycloakAnswer> {
  const timeout = AbortSignal.timeout(request.timeout ?? TIMEOUT_MS);
  const body = bodyOf(request);
  try {
    const answer = await fetch(url, {
      method: request.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: { accept: 'application/json', ...body?.headers, ...request.headers },
      redirect: 'error',
      signal: request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]),
      ...(body && { body: body.content }),
    });
    const text = await textOf(answer);
    if (answer.status >= 500) throw new Fault('identity-unavailable', 'Keycloak failed', { retryable: true });
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
  } catch (cause) {
    throw cause instanceof Fault ? cause : away(cause);
  }
}

/** The header of RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
export function basicAuthorization(clientId: string, secret: string): string {
  const encoded = (part: string): string => new URLSearchParams({ x: part }).toString().slice(2);
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString('base64')}`;
}

function away(cause?: unknown): Fault {
  return new Fault('identity-unavailable', 'Keycloak does not answer', { retryable: true, cause });
}

function bodyOf({ form, json }: KeycloakRequest): { headers: Record<string, string>; content: string } | undefined {
  if (form !== undefined) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { headers, content: new URLSearchParams(form).toString() };
  }
  if (json === undefined) return undefined;
  return { headers: { 'content-type': 'application/json' }, content: JSON.stringify(json) };
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > LONGEST_ANSWER) throw away();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
