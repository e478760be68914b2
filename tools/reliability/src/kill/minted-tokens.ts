import { mintToken } from '@anamnesis/identity/embedded';
import type { TokenSource } from './record-client.ts';

const HOUR = 3_600_000;

/**
 * Tokens made from a folder's own keys, for one start of its record: they name its address as their issuer. They name
 * no session: the record tells them apart by when they expire.
 */
export function mintedTokens(dataFolder: string): TokenSource {
  const minted = new Map<string, Promise<string>>();
  return (role, session) => {
    const name = `${role} ${session}`;
    let token = minted.get(name);
    if (token === undefined) minted.set(name, (token = mint(dataFolder, role, session)));
    return token;
  };
}

async function mint(dataFolder: string, role: string, session: number): Promise<string> {
  const minted = await mintToken({ dataFolder, as: role, ttl: HOUR + session * 60_000 });
  if (!minted.ok) throw new Error(`No token for ${role} can be made: ${minted.reason}`);
  return minted.token;
}
