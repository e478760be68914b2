/** A tile's row: levels lie one after the other. Leaves room for 2^48 events. */
export const tileKey = (level: number, index: number): number => level * 2 ** 40 + index;
