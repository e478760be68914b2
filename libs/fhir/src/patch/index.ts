export {
  applyPatch,
  PATCH_PROBLEMS,
  type PatchLimits,
  type PatchOperation,
  type PatchOutcome,
  type PatchProblem,
  type PatchProblemCode,
} from './apply-patch.ts';
export { diffResources } from './diff-resources.ts';
