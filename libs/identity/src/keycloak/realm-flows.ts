/** How assurance is named in `acr`, by Keycloak's level. */
const ASSURANCE = { aal1: 1, aal2: 2 } as const;

/** Seconds that a level holds before it must be shown anew: a shift, and as long as breaking the glass takes. */
const LEVEL_1_FOR = 10 * 60 * 60;
const LEVEL_2_FOR = 5 * 60;

/**
 * Signing in: a password gives `aal1`; who asks for `acr_values=aal2` (breaking the glass) shows a one-time code too,
 * and sets one up at the first time. With one session more than `sessions`, a person's oldest ends.
 */
export function browserFlow(sessions: number): Readonly<Record<string, unknown>> {
  return {
    attributes: { 'acr.loa.map': JSON.stringify(ASSURANCE) },
    browserFlow: 'anamnesis browser',
    authenticationFlows: [
      flow('anamnesis browser', true, [step('auth-cookie', 'ALTERNATIVE'), subflow('anamnesis forms', 'ALTERNATIVE')]),
      flow('anamnesis forms', false, [
        subflow('anamnesis level 1', 'CONDITIONAL'),
        subflow('anamnesis level 2', 'CONDITIONAL'),
      ]),
      flow('anamnesis level 1', false, [
        step('conditional-level-of-authentication', 'REQUIRED', 'anamnesis level 1'),
        step('auth-username-password-form', 'REQUIRED'),
        step('user-session-limits', 'REQUIRED', 'anamnesis sessions'),
      ]),
      flow('anamnesis level 2', false, [
        step('conditional-level-of-authentication', 'REQUIRED', 'anamnesis level 2'),
        step('auth-otp-form', 'REQUIRED'),
      ]),
    ],
    authenticatorConfig: [
      level('anamnesis level 1', ASSURANCE.aal1, LEVEL_1_FOR),
      level('anamnesis level 2', ASSURANCE.aal2, LEVEL_2_FOR),
      {
        alias: 'anamnesis sessions',
        config: {
          behavior: 'Terminate oldest session',
          userRealmLimit: String(sessions),
          userClientLimit: '0',
        },
      },
    ],
  };
}

type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'CONDITIONAL';

function flow(alias: string, topLevel: boolean, steps: readonly object[]): object {
  const authenticationExecutions = steps.map((each, index) => ({ ...each, priority: (index + 1) * 10 }));
  return { alias, providerId: 'basic-flow', topLevel, builtIn: false, authenticationExecutions };
}

const step = (authenticator: string, requirement: Requirement, authenticatorConfig?: string): object => ({
  authenticator,
  requirement,
  ...(authenticatorConfig !== undefined && { authenticatorConfig }),
});

const subflow = (flowAlias: string, requirement: Requirement): object => ({
  flowAlias,
  authenticatorFlow: true,
  requirement,
});

const level = (alias: string, loa: number, seconds: number): object => ({
  alias,
  config: { 'loa-condition-level': String(loa), 'loa-max-age': String(seconds) },
});
