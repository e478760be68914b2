export { encodedRawLog } from './encoded-raw-log.ts';
export type * from './port.ts';
export { lagAfter, type LogLag } from './log-lag.ts';
export {
  checkStreamName,
  decodeStored,
  encodeStored,
  STORED_FORMAT,
  STORED_HEADER_BYTES,
  STORED_ID_OFFSET,
  storedRecordedAt,
} from './stored-bytes.ts';
