import { isResourceType } from '../model/resource-type.ts';
import { type Issue, issue } from './issue.ts';
import { Walk } from './walk.ts';

export interface ValidationOptions {
  /** The type that the resource must be of, where the request names one. */
  readonly type?: string;
  /** Where the resource stands, for the issues' expressions; default: its own type. */
  readonly expression?: string;
  /** How many issues are told; one more says that there are more. Default 50. */
  readonly maxIssues?: number;
}

/**
 * Validates a parsed resource (plain JSON, as `parseJson` gives it in `value`) against FHIR R4: structure,
 * cardinality, choices, primitive formats, required bindings, reference targets, narrative and invariants.
 * No issue: it is sound. What is not checked is listed in docs/validation.md.
 */
export function validateResource(value: unknown, options: ValidationOptions = {}): readonly Issue[] {
  const type =
    typeof value === 'object' && value !== null ? (value as { resourceType?: unknown }).resourceType : undefined;
  const start = options.expression ?? (isResourceType(type) ? type : 'Resource');
  if (options.type !== undefined && isResourceType(type) && type !== options.type) {
    return [issue('unexpected-resource-type', start)];
  }
  const walk = new Walk(start, options.maxIssues ?? 50);
  walk.resource(value, 0, false);
  return walk.issues;
}
