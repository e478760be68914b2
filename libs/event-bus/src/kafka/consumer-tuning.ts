/** How a consumer behaves towards the brokers. */
export interface ConsumerTuning {
  /** A member that was not heard of for so long is given up, in milliseconds; default 30,000. */
  readonly sessionTimeoutMs: number;
  /**
   * A handler has so long to come to its end when another member joins or leaves, in milliseconds; default 60,000.
   * One that takes longer loses its lanes while it works, and another member is handed the same events.
   */
  readonly rebalanceTimeoutMs: number;
  /** Default 3,000 milliseconds. */
  readonly heartbeatMs: number;
  /** At most so many bytes are fetched at once from a broker, and held; default 8 MiB. */
  readonly maxBytes: number;
  /** Of which so many from one lane; default 1 MiB. A single larger event comes alone. */
  readonly maxBytesPerLane: number;
  /** A fetch without news returns after so long; a stop may wait for it, in milliseconds; default 200. */
  readonly waitMs: number;
  /** At most so many lanes are handled side by side; default 8. */
  readonly lanesAtOnce: number;
  /** Offsets are committed so long after their effect, at most, in milliseconds; default 50. */
  readonly commitEveryMs: number;
}

export const CONSUMER_TUNING: ConsumerTuning = {
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatMs: 3_000,
  maxBytes: 8 * 1024 * 1024,
  maxBytesPerLane: 1024 * 1024,
  waitMs: 200,
  lanesAtOnce: 8,
  commitEveryMs: 50,
};
