import { EMPTY_ROOT, HASH_BYTES, nodeHash, sameHash } from './hashing.ts';

export interface InclusionClaim {
  /** Counted from 0. */
  readonly leaf: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly root: Uint8Array;
}

export interface ConsistencyClaim {
  readonly from: number;
  readonly fromRoot: Uint8Array;
  readonly to: number;
  readonly toRoot: Uint8Array;
}

// Sizes may pass 2^32, so halving is arithmetic: bit operators would truncate.
const odd = (n: number): boolean => n % 2 === 1;
const half = (n: number): number => Math.floor(n / 2);
const isSize = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every((hash) => hash.length === HASH_BYTES);

/** Whether `proof` shows that the leaf is in the tree with this root (RFC 9162 section 2.1.3.2). Never throws. */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Uint8Array[]): boolean {
  const { leaf, size } = claim;
  if (!isSize(leaf) || !isSize(size) || leaf >= size || !areHashes([claim.leafHash, claim.root, ...proof]))
    return false;
  let fn = leaf;
  let sn = size - 1;
  let hash = claim.leafHash;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameHash(hash, claim.root);
}

/**
 * Whether `proof` shows that the newer tree only appended to the older one (RFC 9162 section 2.1.4.2). The empty tree
 * is a prefix of every tree. Never throws.
 */
export function verifyConsistency(claim: ConsistencyClaim, proof: readonly Uint8Array[]): boolean {
  const { from, to, fromRoot, toRoot } = claim;
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...proof])) return false;
  if (from === to) return proof.length === 0 && sameHash(fromRoot, toRoot);
  if (from === 0) return proof.length === 0 && sameHash(fromRoot, EMPTY_ROOT);
  if (proof.length === 0) return false;

  const path = Number.isInteger(Math.log2(from)) ? [fromRoot, ...proof] : proof;
  let fn = from - 1;
  let sn = to - 1;
  while (odd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  let older = path[0] as Uint8Array;
  let newer = older;
  for (const hash of path.slice(1)) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      older = nodeHash(hash, older);
      newer = nodeHash(hash, newer);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      newer = nodeHash(newer, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameHash(older, fromRoot) && sameHash(newer, toRoot);
}
