/**
 * HalfSipHash-1-3 (Aumasson and Bernstein's reference, 64-bit output) over UTF-16 code units, keyed by the generation's
 * seed. 53 bits stay exact in a JavaScript number; the key keeps anyone outside from choosing values that collide.
 */
export interface Seed {
  readonly k0: number;
  readonly k1: number;
}

/** 53 bits: an integer that a JavaScript number and an SQLite INTEGER both hold exactly. */
export function hash53(seed: Seed, text: string): number {
  let v0 = seed.k0 | 0;
  let v1 = (seed.k1 ^ 0xee) | 0;
  let v2 = (0x6c796765 ^ seed.k0) | 0;
  let v3 = (0x74656462 ^ seed.k1) | 0;
  const whole = text.length & ~1;
  for (let i = 0; i <= whole; i += 2) {
    // The last word carries the odd unit, if any, and the length.
    const word =
      i < whole
        ? text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
        : (text.length === whole ? 0 : text.charCodeAt(i)) | (text.length << 16);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xee;
  let low = 0;
  for (let round = 1; round <= 6; round += 1) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round === 3) {
      low = (v1 ^ v3) >>> 0;
      v1 ^= 0xdd;
    }
  }
  return (((v1 ^ v3) >>> 0) & 0x1fffff) * 0x1_0000_0000 + low;
}

/** For a residual check beside a 53-bit hash (a system, a unit, a type): 31 bits; '' is 0, which SQLite keeps in no bytes. */
export function hash31(seed: Seed, text: string): number {
  return text === '' ? 0 : (hash53(seed, text) % 0x7fff_ffff) + 1;
}
