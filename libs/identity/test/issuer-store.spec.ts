import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IssuerStore } from '../src/embedded/issuer-store.ts';
import { newDataFolder, removeDataFolder } from './served-issuer.ts';

let folder: string;
let store: IssuerStore;
const clock = { now: 1_000_000 };

beforeEach(async () => {
  folder = await newDataFolder();
  clock.now = 1_000_000;
  store = new IssuerStore(join(folder, 'issuer.sqlite'), () => clock.now);
});

afterEach(async () => {
  store.close();
  await removeDataFolder(folder);
});

describe('the issuer’s store', () => {
  it('gives back what was put, by model and id', async () => {
    await store.adapter('Session').upsert('1', { accountId: 'a' }, 60);
    expect(await store.adapter('Session').find('1')).toEqual({ accountId: 'a' });
    expect(await store.adapter('Grant').find('1')).toBeUndefined();
    await store.adapter('Session').upsert('1', { accountId: 'b' }, 60);
    expect(await store.adapter('Session').find('1')).toEqual({ accountId: 'b' });
  });

  it('finds sessions by uid and device codes by user code', async () => {
    await store.adapter('Session').upsert('1', { uid: 'u' }, 60);
    await store.adapter('DeviceCode').upsert('2', { userCode: 'u' }, 60);
    expect(await store.adapter('Session').findByUid('u')).toEqual({ uid: 'u' });
    expect(await store.adapter('DeviceCode').findByUserCode('u')).toEqual({ userCode: 'u' });
  });

  it('remembers what was consumed', async () => {
    const codes = store.adapter('AuthorizationCode');
    await codes.upsert('1', { grantId: 'g' }, 60);
    await codes.consume('1');
    expect(await codes.find('1')).toMatchObject({ grantId: 'g', consumed: 1_000 });
  });

  it('takes everything of a grant away with it, and nothing else', async () => {
    await store.adapter('RefreshToken').upsert('1', { grantId: 'g' }, 60);
    await store.adapter('AuthorizationCode').upsert('2', { grantId: 'g' }, 60);
    await store.adapter('RefreshToken').upsert('3', { grantId: 'h' }, 60);
    await store.adapter('RefreshToken').revokeByGrantId('g');
    expect(await store.adapter('RefreshToken').find('1')).toBeUndefined();
    expect(await store.adapter('AuthorizationCode').find('2')).toBeUndefined();
    expect(await store.adapter('RefreshToken').find('3')).toBeDefined();
  });

  it('neither shows nor keeps what has expired', async () => {
    const sessions = store.adapter('Session');
    await sessions.upsert('1', { uid: 'u' }, 60);
    await sessions.upsert('2', { uid: 'v' }, 600);
    clock.now += 60_000;
    expect(await sessions.find('1')).toBeUndefined();
    expect(await sessions.findByUid('u')).toBeUndefined();
    expect(store.sweep()).toBe(1);
    expect(await sessions.find('2')).toBeDefined();
  });

  it('destroys one by its id', async () => {
    const sessions = store.adapter('Session');
    await sessions.upsert('1', {}, 60);
    await sessions.destroy('1');
    expect(await sessions.find('1')).toBeUndefined();
  });
});
