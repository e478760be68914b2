/** Draws that depend on nothing but a seed: the same seed gives the same draws on every machine and in every version. */
export interface Draw {
  /** 32 random bits. */
  bits(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  /** A number from `low` to `high`, rounded to so many decimals. */
  decimal(low: number, high: number, decimals: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Of a list ordered from common to rare: the n-th is drawn in proportion to 1 / (n + flatness). */
  pickRanked<T>(from: readonly T[], flatness: number): T;
  /** A version 4 UUID (RFC 9562 section 5.4) whose random bits come from here. */
  uuid(): string;
  /** So many decimal digits. */
  digits(count: number): string;
}

/**
 * The generator is sfc32 (Doty-Humphrey, PractRand), seeded by four FNV-1a hashes of the seed's text and run in. It is
 * for test data: nothing secret may come from it.
 */
export function drawFrom(...seed: readonly (string | number)[]): Draw {
  const text = seed.join('/');
  let a = fnv1a(text, 0x811c9dc5);
  let b = fnv1a(text, a ^ 0x9e3779b9);
  let c = fnv1a(text, b ^ 0x85ebca6b);
  let counter = 1;

  const bits = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i += 1) bits();

  const fraction = (): number => bits() / 0x1_0000_0000;
  const whole = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1));
  const hex = (count: number): string => {
    let made = '';
    while (made.length < count) made += bits().toString(16).padStart(8, '0');
    return made.slice(0, count);
  };

  return {
    bits,
    whole,
    decimal: (low, high, decimals) => Number((low + fraction() * (high - low)).toFixed(decimals)),
    chance: (probability) => fraction() < probability,
    pick: (from) => from[whole(0, from.length - 1)]!,
    pickRanked: (from, flatness) => from[rank(fraction(), from.length, flatness)]!,
    uuid: () => {
      const variant = '89ab'[whole(0, 3)]!;
      return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
    },
    digits: (count) => Array.from({ length: count }, () => whole(0, 9)).join(''),
  };
}

/** Inverts the continuous form of the 1 / (n + flatness) law: its integral is a logarithm. */
function rank(fraction: number, length: number, flatness: number): number {
  const drawn = flatness * Math.exp(fraction * Math.log((length + flatness) / flatness)) - flatness;
  return Math.min(length - 1, Math.floor(drawn));
}

/** FNV-1a over UTF-16 code units, with a finaliser, because short texts that differ by one digit must not be alike. */
function fnv1a(text: string, basis: number): number {
  let hash = basis | 0;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return hash ^ (hash >>> 15);
}
