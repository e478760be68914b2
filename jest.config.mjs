/** Suites that need the real engines (`*.stack.spec.ts`) are run by `npm run test:stack`, which starts these. */
const stack = process.env.ANAMNESIS_TEST_STACK === '1';
/** The end-to-end suite, on a record that somebody else started. */
const shared = process.env.ANAMNESIS_E2E_URL !== undefined;

/** One configuration for every project; `tools/test.mjs` and nx run it with `--rootDir` or a path. */
const swc = {
  jsc: {
    parser: { syntax: 'typescript', tsx: true, decorators: true },
    target: 'es2024',
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  swcrc: false,
};

export default {
  testEnvironment: 'node',
  testMatch: [stack ? '**/*.stack.spec.ts' : '**/!(*.stack).spec.ts'],
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '\\.tsx?$': ['@swc/jest', swc] },
  // Real engines share two cores with everything else.
  testTimeout: stack || shared ? 180_000 : 30_000,
  // Suites that share one record count what is in it: one after the other.
  maxWorkers: shared ? 1 : 2,
};
