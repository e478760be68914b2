export type {
  Access,
  AccessLog,
  AuditEvents,
  FhirDependencies,
  FhirLimits,
  Log,
  OpeningJournal,
  Timeline,
} from './fhir/dependencies.ts';
export type { FhirRequest, FhirResponse } from './fhir/exchange.ts';
export { FhirServer, type FhirServerOptions } from './fhir/fhir-server.ts';
export { outcomeText, refused } from './fhir/problem.ts';
export { recordedAccesses } from './fhir/recorded-accesses.ts';
export { PATCH_STATUS } from './fhir/writing.ts';
export { gatewayModule } from './gateway.module.ts';
export { fhirRenderer } from './http/fhir-renderer.ts';
export { keysModule } from './http/keys.controller.ts';
