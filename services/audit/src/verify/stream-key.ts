/**
 * A stream's name as two 32-bit numbers, so that millions of streams fit in typed arrays. The seed is random and fresh
 * for each run: nobody can prepare two names that fall together.
 */
export interface StreamKeySeed {
  readonly low: number;
  readonly high: number;
}

/** Murmur3's mixing, twice over with different seeds; writes to `out[at]` and `out[at + 1]`. */
export function streamKey(
  name: Uint8Array,
  from: number,
  to: number,
  seed: StreamKeySeed,
  out: Uint32Array,
  at: number,
): void {
  let low = seed.low;
  let high = seed.high;
  for (let i = from; i < to; i += 1) {
    const byte = name[i] as number;
    low = Math.imul(low ^ byte, 0x5bd1e995);
    low ^= low >>> 15;
    high = Math.imul(high ^ byte, 0xcc9e2d51);
    high ^= high >>> 13;
  }
  out[at] = low >>> 0;
  out[at + 1] = high >>> 0;
}
