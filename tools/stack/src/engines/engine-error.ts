/** An engine cannot be fetched or started; the message says what to do, and is for people. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}
