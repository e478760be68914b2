/** What both sides of a question between services need; no client and no adapter. */
export { AUDIT_CALLS, AUDIT_PATH, type AuditCall } from './audit-protocol.ts';
export { readInfinite, writeInfinite } from './infinite-json.ts';
export { questionOf } from './json-body.ts';
export { READ_MODEL_CALLS, READ_MODELS_PATH, type ReadModelAnswer, type ReadModelCall } from './read-model-protocol.ts';
