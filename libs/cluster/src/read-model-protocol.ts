/** Where the projections service answers for its read models; a call is the method's name and its arguments. */
export const READ_MODELS_PATH = '/internal/read-models';

export const READ_MODEL_CALLS = [
  'get',
  'getMany',
  'query',
  'count',
  'referredTo',
  'referringTo',
  'progress',
  'waitFor',
] as const;

export type ReadModelCall = (typeof READ_MODEL_CALLS)[number];

/** A query that no store would take is an answer, by the code of `QueryRefused`. */
export type ReadModelAnswer = { readonly value?: unknown } | { readonly refused: 'cursor-invalid' | 'query-too-large' };
