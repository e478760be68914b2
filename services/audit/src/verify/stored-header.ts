/**
 * The fields of format 1 that order an event, read without decoding the rest; the layout is documented in
 * docs/audit-proofs.md and in the event store's stored-bytes.ts. The verifier reads it by itself on purpose: what it
 * checks must not depend on the code that wrote it.
 */
const FORMAT = 1;
const HEADER_BYTES = 44;
const STREAM = /^[a-z0-9-]{1,200}$/;
const TWO_32 = 2 ** 32;

/** Where the stream's name ends; -1 for bytes that are no event. */
export function streamEnd(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES || bytes[0] !== FORMAT) return -1;
  const end = HEADER_BYTES + (bytes[37] as number);
  const dataAt = end + bytes.readUInt16BE(38) + bytes.readUInt32BE(40);
  return end > HEADER_BYTES && dataAt <= bytes.length ? end : -1;
}

export const STREAM_START = HEADER_BYTES;

export const recordedAt = (bytes: Buffer): number => bytes.readUInt32BE(1) * TWO_32 + bytes.readUInt32BE(5);
export const revision = (bytes: Buffer): number => bytes.readUInt32BE(9) * TWO_32 + bytes.readUInt32BE(13);

/** The stream's name, if the bytes are an event with a proper one. */
export function streamName(bytes: Buffer): string | undefined {
  const end = streamEnd(bytes);
  const name = end < 0 ? '' : bytes.toString('latin1', HEADER_BYTES, end);
  return STREAM.test(name) ? name : undefined;
}
