export * from './bundle-entries.ts';
export * from './canonical.ts';
export {
  DEFAULT_JSON_DEPTH,
  isRawJson,
  parseJson,
  plainOf,
  rawJson,
  type JsonLimits,
  type JsonOutcome,
  type JsonProblem,
  type JsonProblemCode,
  type ParsedJson,
} from './parse-json.ts';
