export { VERSION } from './version.ts';
export { Closing } from './closing.ts';
export {
  type Config,
  type ConfigFault,
  type Environment,
  type ParsedConfig,
  parseConfig,
  publicUrlOf,
  readSettings,
  type SettingValues,
} from './config.ts';
export {
  bytes,
  duration,
  list,
  oneOf,
  type Reader,
  type Setting,
  setting,
  text,
  webOrigin,
  wholeNumber,
} from './setting.ts';
export { SETTINGS } from './settings.ts';
export { configurationPage, describeConfig } from './describe-config.ts';
export { isLoopback } from './loopback.ts';
export { createLog, errorFields, type Log, type LogFields, type LogLevel } from './log.ts';
export { type HealthCheck, HealthRegistry, type Readiness } from './health.ts';
export { type IssueType, type Problem, problemDocument, ProblemError } from './problem.ts';
export { FAULT_PROBLEMS, HTTP_PROBLEMS, type RefusalAnswer, refusalProblems } from './problems.ts';
export { problemOf } from './problem-of.ts';
export type { ProblemRenderer } from './problem-filter.ts';
export { RouteAction } from './route-action.ts';
export { type RouteGuard, UndeclaredRoutes } from './route-guard.ts';
export type { Mount } from './mount.ts';
export { endToEndHeaders, refuseRaw } from './passing-on.ts';
export { type HttpConfig, type RunningService, type ServiceOptions, startService } from './start-service.ts';
export { runUntilSignalled } from './run-until-signalled.ts';
export {
  annotateSpan,
  count,
  countRefusal,
  currentTraceparent,
  type Lag,
  observeLag,
  recordDuration,
  startTelemetry,
  telemetryAsked,
  telemetryIsOn,
  trace,
  type TraceAttributes,
  traceBatch,
} from './telemetry.ts';
export {
  type BatchPart,
  type BatchPlan,
  eventsByTrace,
  type SpanPlan,
  type SpanRole,
  type TraceOptions,
} from './span-plans.ts';
export { type HttpCall, traceHttp } from './trace-http.ts';
export { errorType } from './error-type.ts';
