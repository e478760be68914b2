export {
  type ComposeFile,
  composeFile,
  type ComposeService,
  composeText,
  DEPLOY,
  exampleVariables,
  interpolated,
  type Mounted,
  sourceOf,
  variablesIn,
} from './compose.ts';
export { RUNTIME_VARIABLES, VENDOR_VARIABLES } from './vendor-variables.ts';
