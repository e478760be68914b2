import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { keyVaultContract, type KeyVaultHarness } from '../src/contract/index.ts';
import { EmbeddedKeyVault, openEmbeddedKeyReader } from '../src/embedded/index.ts';
import type { KeyOwner, KeyReader, KeyVault } from '../src/index.ts';
import { afterwards, temporaryFolder } from './temporary.ts';

async function harness(broken: (vault: KeyVault) => Partial<KeyVault> = () => ({})): Promise<KeyVaultHarness> {
  const folder = await temporaryFolder();
  return {
    async open() {
      const vault = await EmbeddedKeyVault.open({ folder });
      afterwards(() => vault.close());
      return overridden(vault, broken(vault));
    },
    async openReader() {
      const reader = await openEmbeddedKeyReader({ folder });
      afterwards(() => reader.close());
      return reader;
    },
  };
}

/** The vault with some of its methods replaced. */
function overridden<T extends KeyReader>(vault: T, methods: Partial<T>): T {
  return new Proxy(vault, {
    get(target, name) {
      const own = methods[name as keyof T] ?? target[name as keyof T];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

describe('the embedded vault keeps the contract', () => {
  for (const { name, run } of keyVaultContract) {
    it(name, async () => run(await harness()));
  }
});

describe('the contract finds a vault that', () => {
  type Break = (vault: KeyVault) => Partial<KeyVault>;
  const fresh = async () => new Uint8Array(randomBytes(32));
  const broken: readonly (readonly [what: string, foundBy: RegExp, methods: Break])[] = [
    ['makes another key each time', /made once/, () => ({ ensure: fresh })],
    ['has one key for all', /share a key/, () => ({ ensure: async () => new Uint8Array(32).fill(7) })],
    [
      'has one key for all classes',
      /share a key/,
      (vault) => ({ ensure: (owner: KeyOwner) => vault.ensure({ ...owner, dataClass: 'clinical' }) }),
    ],
    ['makes keys when asked to read', /never made/, (vault) => ({ get: (owner: KeyOwner) => vault.ensure(owner) })],
    ['does not evict', /cached no more/, () => ({ evict: () => undefined })],
    [
      'hands out the bytes that it evicts',
      /survives its eviction/,
      (vault) => ({
        ensure: async (owner: KeyOwner) => {
          await vault.ensure(owner);
          return vault.cached(owner)!;
        },
      }),
    ],
    ['destroys nothing', /destroyed key is gone/, () => ({ destroy: async () => undefined })],
    [
      'destroys every class',
      /leaves the others/,
      (vault) => ({ destroy: (subject: string) => vault.destroy(subject) }),
    ],
    [
      'makes a destroyed key again',
      /destroyed key is gone/,
      (vault) => ({ ensure: (owner: KeyOwner) => vault.ensure(owner).catch(fresh) }),
    ],
    ['does not rotate', /rotation rewraps/, () => ({ rotate: async () => ({ version: 2, rewrapped: 0 }) })],
    ['rotates without a word', /rotation rewraps/, (vault) => ({ rotate: () => vault.rotate() })],
    [
      'hashes without purpose',
      /keyed hash/,
      (vault) => ({ keyedHash: (_: string, text: string) => vault.keyedHash('', text) }),
    ],
    [
      'joins purpose and text',
      /keyed hash/,
      (vault) => ({ keyedHash: (purpose: string, text: string) => vault.keyedHash('', purpose + text) }),
    ],
    ['goes on after its end', /closed vault/, () => ({ close: async () => undefined })],
  ];

  for (const [what, foundBy, methods] of broken) {
    it(what, async () => {
      const finder = keyVaultContract.find(({ name }) => foundBy.test(name))!;
      await expect(finder.run(await harness(methods))).rejects.toMatchObject({
        name: expect.stringMatching(/^(AssertionError|Fault)$/),
      });
    });
  }
});
