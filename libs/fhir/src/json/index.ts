export * from './bundle-entries.ts';
export * from './canonical.ts';
export { isRawJson, plainOf, type RawJson, rawJson } from './exact.ts';
export {
  DEFAULT_JSON_DEPTH,
  JSON_PROBLEMS,
  parseJson,
  type JsonLimits,
  type JsonOutcome,
  type JsonProblem,
  type JsonProblemCode,
  type ParsedJson,
} from './parse-json.ts';
