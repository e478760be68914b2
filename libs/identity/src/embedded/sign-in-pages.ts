import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { REALM_PATH } from '../realm-names.ts';
import type { SignInEvents, SignInFailure } from '../sign-in-events.ts';
import { consentPage, noticePage, type Page, pageHeaders, pageHtml, signInPage } from './pages.ts';
import type { SignInThrottle } from './sign-in-throttle.ts';
import type { User, Users } from './users.ts';

export interface SignInParts {
  readonly provider: Provider;
  readonly users: Users;
  readonly throttle: SignInThrottle;
  readonly events: SignInEvents | undefined;
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

const LONGEST_FORM = 8_192;
/** Each check holds 32 MiB and a thread for 60 ms. */
const MOST_CHECKS_AT_ONCE = 4;
const WRONG = 'The user name or the password is wrong.';
const WAIT = 'Too many attempts failed. Wait a while before you try again.';
const BUSY = 'Too many people are signing in. Try again in a moment.';

/** The pages between a client's request and its answer: sign-in, and consent where a client asks for it. */
export class SignInPages {
  static readonly prefix = `${REALM_PATH}/login/`;
  readonly #parts: SignInParts;
  #checking = 0;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  async handle(request: IncomingMessage, response: ServerResponse, from: string): Promise<void> {
    const interaction = await this.#interaction(request, response);
    if (interaction === undefined) {
      return show(
        response,
        400,
        noticePage('This sign-in has expired', 'Go back to where you came from and try again.'),
      );
    }
    if (request.method !== 'POST') return this.#ask(interaction, request, response);
    const form = await readForm(request);
    if (form === undefined) return show(response, 413, noticePage('That did not work', 'The form was too large.'));
    if (form.has('cancel')) {
      const result = { error: 'access_denied', error_description: 'sign-in was cancelled' };
      return this.#parts.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    if (interaction.prompt.name === 'login') return this.#signIn(interaction, form, request, response, from);
    return this.#consent(interaction, request, response);
  }

  async #interaction(request: IncomingMessage, response: ServerResponse): Promise<Interaction | undefined> {
    try {
      return await this.#parts.provider.interactionDetails(request, response);
    } catch (error) {
      if (error instanceof Error && error.name === 'SessionNotFound') return undefined;
      throw error;
    }
  }

  async #ask(interaction: Interaction, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params } = interaction;
    const action = request.url ?? '';
    if (prompt.name === 'login') return show(response, 200, signInPage(action), interaction);
    const client = await this.#parts.provider.Client.find(String(params['client_id']));
    const scopes = String(params['scope'] ?? '')
      .split(' ')
      .filter(Boolean);
    show(response, 200, consentPage(action, client?.clientName ?? client?.clientId ?? '', scopes), interaction);
  }

  async #signIn(
    interaction: Interaction,
    form: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
    from: string,
  ): Promise<void> {
    const { provider, users, throttle, events } = this.#parts;
    const username = (form.get('username') ?? '').slice(0, 255);
    const clientId = String(interaction.params['client_id']);
    const again = (status: number, alert: string): void =>
      show(response, status, signInPage(request.url ?? '', alert), interaction);
    const failed = async (reason: SignInFailure['reason']): Promise<void> => {
      const known = users.named(username) === undefined ? {} : { username };
      await events?.signInFailed({ ...known, clientId, reason, from });
    };
    if (this.#checking >= MOST_CHECKS_AT_ONCE) return again(503, BUSY);
    const wait = throttle.attempt(username);
    if (wait > 0) {
      await failed('locked');
      response.setHeader('retry-after', String(Math.ceil(wait / 1_000)));
      return again(429, WAIT);
    }
    const user = await this.#check(username, (form.get('password') ?? '').slice(0, 1_024));
    if (user === undefined) {
      await failed(users.named(username) === undefined ? 'unknown-user' : 'wrong-password');
      return again(401, WRONG);
    }
    throttle.succeeded(username);
    await events?.signedIn({ subject: user.subject, username, clientId, from });
    const login = { accountId: user.subject, acr: 'aal1', amr: ['pwd'], remember: true };
    await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }

  async #check(username: string, password: string): Promise<User | undefined> {
    this.#checking += 1;
    try {
      return await this.#parts.users.signIn(username, password);
    } finally {
      this.#checking -= 1;
    }
  }

  async #consent(interaction: Interaction, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { provider } = this.#parts;
    // The grant itself exists by then: see firstPartyGrant. What was asked is only whether it may be used.
    const consent = interaction.grantId === undefined ? {} : { grantId: interaction.grantId };
    await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  }
}

function show(response: ServerResponse, status: number, page: Page, interaction?: Interaction): void {
  const redirect = URL.parse(String(interaction?.params['redirect_uri'] ?? ''));
  response.writeHead(status, pageHeaders(redirect === null ? [] : [redirect.origin])).end(pageHtml(page));
}

/** Undefined when it is over the limit. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST_FORM) return undefined;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
