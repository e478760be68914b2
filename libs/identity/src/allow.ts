import { RouteAction } from '@anamnesis/service';
import type { Action } from './permissions.ts';

/** Declares what a caller of this route must be allowed to do. A route without it stops the start. */
export const Allow = (action: Action): MethodDecorator => RouteAction(action);

/**
 * For routes of the FHIR endpoint: the guard asks for a valid token and a role; the handler asks `can` for the
 * interaction and resource type, which stand in the address or the body.
 */
export const AllowFhir = (): MethodDecorator => RouteAction('fhir' satisfies Action);
