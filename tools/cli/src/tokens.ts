import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import type { TokenSource } from './client.ts';
import { unavailable, usage } from './exit.ts';

export interface Minting {
  readonly dataFolder: string;
  /** A role, or the name of a user of the folder. */
  readonly as: string;
  /** The record that will check the token, and that names its issuer; absent: the one that the settings describe. */
  readonly url?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const TTL = 10 * 60_000;
const RENEW_AFTER = 5 * 60_000;

/** The token given (`@FILE`: from a file, so that it stands in no process list), else one minted from the folder's keys. */
export async function tokenSource(given: string | undefined, minting: Minting): Promise<TokenSource> {
  if (given === undefined) return mintingSource(minting);
  const token = given.startsWith('@') ? await fromFile(given.slice(1)) : given;
  return async (fresh) => (fresh ? undefined : token);
}

/** Tokens of a client's own account at the record's issuer (RFC 6749 section 4.4), renewed at half their life. */
export async function clientSource(
  url: string,
  { id, secret }: { readonly id: string; readonly secret: string },
): Promise<TokenSource> {
  if (!secret.startsWith('@')) throw usage('--client goes with --client-secret @FILE');
  const authorization = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(await fromFile(secret.slice(1)))}`).toString('base64')}`;
  const { REALM_PATH } = await import('@anamnesis/identity/embedded');
  let made: { readonly token: Promise<string>; until: number } | undefined;
  const ask = async (): Promise<string> => {
    const answer = await request(`${url}${REALM_PATH}/protocol/openid-connect/token`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
      headersTimeout: 10_000,
    }).catch((error: unknown) => {
      throw unavailable(`The record at ${url} does not answer`, error);
    });
    const said = (await answer.body.json().catch(() => ({}))) as { access_token?: unknown; expires_in?: unknown };
    if (answer.statusCode !== 200 || typeof said.access_token !== 'string') {
      throw usage(`The record at ${url} does not know the client ${id}, or its secret is another one`);
    }
    if (made) made.until = Date.now() + Number(said.expires_in) * 500;
    return said.access_token;
  };
  return (fresh) => {
    if (made === undefined || fresh || Date.now() > made.until) {
      const asking = { token: ask(), until: Infinity };
      made = asking;
      asking.token.catch(() => (made = undefined));
    }
    return made.token;
  };
}

/** A token for the folder's record, good for `ttl` milliseconds, signed with the issuer's key that lies in the folder. */
export async function mint(minting: Minting, ttl: number): Promise<{ token: string; expiresAt: number }> {
  const { mintToken } = await import('@anamnesis/identity/embedded');
  const { dataFolder, as, url } = minting;
  const issuer = url === undefined ? await configuredIssuer(minting) : await issuerAt(url);
  const minted = await mintToken({ dataFolder, as, ttl, issuer });
  if (minted.ok) return minted;
  throw usage(minted.reason === 'unknown-role' ? `There is no such role or user: ${as}` : noKeys(dataFolder));
}

const noKeys = (folder: string): string =>
  `No token can be made: ${folder} is the folder of no record that ever ran. Give --token, or the folder by --data`;

function mintingSource(minting: Minting): TokenSource {
  let made: { readonly token: Promise<string>; readonly at: number } | undefined;
  return (fresh) => {
    if (made === undefined || fresh || Date.now() - made.at > RENEW_AFTER) {
      made = { token: mint(minting, TTL).then(({ token }) => token), at: Date.now() };
      made.token.catch(() => (made = undefined));
    }
    return made.token;
  };
}

/** OpenID Connect Discovery 1.0, section 4: a token is good only under the issuer's own name. */
async function issuerAt(url: string): Promise<string> {
  const { REALM_PATH } = await import('@anamnesis/identity/embedded');
  try {
    const answer = await request(`${url}${REALM_PATH}/.well-known/openid-configuration`, { headersTimeout: 10_000 });
    const { issuer } = (await answer.body.json()) as { issuer?: unknown };
    if (answer.statusCode === 200 && typeof issuer === 'string') return issuer;
  } catch (error) {
    throw unavailable(`The record at ${url} does not answer`, error);
  }
  throw unavailable(`The record at ${url} names no issuer of tokens`);
}

async function configuredIssuer({ env, dataFolder }: Minting): Promise<string> {
  const { parseConfig, publicUrlOf } = await import('@anamnesis/service');
  const { issuerOf } = await import('@anamnesis/identity/embedded');
  const parsed = parseConfig({ ...env, ANAMNESIS_DATA: dataFolder });
  if (!parsed.ok) throw usage(parsed.faults.map((fault) => `${fault.variable} ${fault.message}`).join('; '));
  return issuerOf(publicUrlOf(parsed.config));
}

async function fromFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    throw usage(`The token's file cannot be read: ${path}`);
  }
}
