import tseslint from 'typescript-eslint';

/**
 * Who may import whom (docs/adr/0001): arrows point down, services never meet, only composition roots name adapters.
 * Flat configuration lets the last matching rule win, so each zone states all that it forbids.
 */
const SERVICES = {
  regex: '^@anamnesis/([a-z-]+-service|all-in-one)(/|$)',
  message: 'A service never imports another one; all-in-one composes them.',
};
const ADAPTERS = {
  regex: '^@anamnesis/[a-z-]+/(embedded|eventstoredb|wire|kafka|mongo|transit|mounted|keycloak)$',
  message: 'Only composition roots (*.module.ts, main.ts, threads, all-in-one, libs/cluster) name adapters.',
};
const FRAMEWORKS = {
  regex: '^(@nestjs/|fastify|pino|node:sqlite|node:http|oidc-provider|jose)',
  message: 'Domain and application know no framework, no server and no database.',
};
const RELATIVE_ESCAPE = {
  regex: '^(\\.\\./)+(libs|services|tools)/',
  message: 'Import packages by name.',
};
const only = (names, message) => ({ regex: `^@anamnesis/(?!(${names.join('|')})(/|$))`, message });
const forbid = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns: [RELATIVE_ESCAPE, ...patterns] }] });

export default tseslint.config(
  { ignores: ['**/node_modules/**', '**/generated/**', 'data/**', '.nx/**', '**/*.mjs', 'deploy/**/*.js'] },
  ...tseslint.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ['libs/*/src/**'], rules: forbid(SERVICES, ADAPTERS) },
  { files: ['libs/kernel/src/**'], rules: forbid(only(['-'], 'The kernel depends on nothing.'), FRAMEWORKS) },
  {
    files: [
      'libs/{event-store,event-bus,read-store,key-vault,identity}/src/{embedded,contract,eventstoredb,wire,kafka,mongo,transit,mounted,keycloak}/**',
      'libs/cluster/src/**',
    ],
    rules: forbid(SERVICES),
  },
  { files: ['services/*/src/**', 'tools/*/src/**'], rules: forbid(SERVICES, ADAPTERS) },
  {
    files: ['services/*/src/domain/**'],
    rules: forbid(
      only(
        ['kernel', 'contracts', 'records', 'fhir', 'read-store', 'access'],
        'A domain knows the kernel, its contracts and FHIR types.',
      ),
      FRAMEWORKS,
    ),
  },
  { files: ['services/*/src/application/**'], rules: forbid(SERVICES, ADAPTERS, FRAMEWORKS) },
  {
    files: ['services/*/src/**/*.module.ts', 'services/*/src/main.ts', 'services/*/src/**/*-thread.ts'],
    rules: forbid(SERVICES),
  },
  { files: ['services/all-in-one/src/**', 'tools/*/src/**'], rules: forbid() },
  { files: ['tools/**', 'services/all-in-one/src/main.ts'], rules: { 'no-console': 'off' } },
  { files: ['**/test/**'], rules: { 'max-lines': 'off', '@typescript-eslint/no-dynamic-delete': 'off' } },
  { files: ['e2e/**'], rules: forbid(only(['testing', 'fhir'], 'End-to-end tests speak HTTP only.')) },
);
