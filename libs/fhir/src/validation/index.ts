export { bindingCoverage, boundCodes, type BoundCodes } from './bindings.ts';
export { invariantCoverage } from './invariants.ts';
export { type Issue, issue, type IssueCode, ISSUES, type IssueType } from './issue.ts';
export { isSafeNarrative } from './narrative.ts';
export { type Predicate, PRIMITIVES } from './primitives.ts';
export { validateResource, type ValidationOptions } from './validate-resource.ts';
export { warmValidation } from './warm.ts';
