export {
  actorOf,
  type Caller,
  type CallingService,
  requestCaller,
  requestService,
  type TokenIdentity,
} from './caller.ts';
export { PASSED_CALLER_HEADER, passCaller, passedCaller } from './passed-caller.ts';
export { SERVICE_ROLE, serviceClient, type ServiceName, SERVICES } from './services.ts';
export { CALLER_PROBLEMS, callerOf } from './caller-of.ts';
export { can, type DenialReason, type Verdict, type Wanted } from './can.ts';
export { type Scope, scopeOf } from './scope-of.ts';
export { type DemoPerson, demoPeople } from './demo-people.ts';
export { isRole, type Role, ROLES } from './roles.ts';
export { DEFAULT_PURPOSE, type PurposeClass, PURPOSES } from './purposes.ts';
export { groupOf, IMPERSONAL_GROUPS, RESOURCE_GROUPS, type ResourceGroup } from './resource-groups.ts';
export {
  type Action,
  type ActionRule,
  ACTIONS,
  type Interaction,
  isAction,
  PURPOSES_OF_ROLE,
  RESOURCE_ACCESS,
} from './permissions.ts';
export { Allow, AllowFhir } from './allow.ts';
export { type AccessDenials, type Denial } from './access-denials.ts';
export { type KeptEvent, type SignIn, type SignInEvents, type SignInFailure } from './sign-in-events.ts';
export { type InvalidToken, type TokenVerifier } from './token-verifier.ts';
export { LocalTokenVerifier, type LocalTokenVerifierOptions } from './local-token-verifier.ts';
export { PermissionGuard, type PermissionGuardOptions } from './permission-guard.ts';
