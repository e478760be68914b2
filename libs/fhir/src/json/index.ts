export * from './canonical.ts';
export {
  DEFAULT_JSON_DEPTH,
  isRawJson,
  parseJson,
  rawJson,
  type JsonLimits,
  type JsonOutcome,
  type JsonProblem,
  type JsonProblemCode,
  type ParsedJson,
} from './parse-json.ts';
