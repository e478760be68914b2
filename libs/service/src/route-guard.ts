import type { FastifyRequest, RouteOptions } from 'fastify';

/** Decides who may call a route. One guard stands before every route, raw ones included, and before any body is read. */
export interface RouteGuard {
  /** Whether the action is one that the guard can decide on. */
  knows(action: string): boolean;
  /** Calls `done` with nothing to let the request pass, with an error to refuse it. Never throws. */
  check(action: string, request: FastifyRequest, done: (refusal?: Error) => void): void;
}

/** Some routes declare no action, or an unknown one; the service must not start. */
export class UndeclaredRoutes extends Error {
  override readonly name = 'UndeclaredRoutes';
  readonly routes: readonly string[];

  constructor(routes: readonly string[]) {
    super(`Routes without an entry in the permission matrix: ${routes.join(', ')}`);
    this.routes = routes;
  }
}

/** Gathers every route that is registered; `assertAllDeclared` throws for those that no rule covers. */
export class RouteCensus {
  readonly #undeclared: string[] = [];
  readonly #guard: RouteGuard;

  constructor(guard: RouteGuard) {
    this.#guard = guard;
  }

  add(route: RouteOptions): void {
    const action = route.config?.action;
    if (action !== undefined && this.#guard.knows(action)) return;
    const methods = [route.method].flat().join('|');
    this.#undeclared.push(`${methods} ${route.url}${action === undefined ? '' : ` (unknown action ${action})`}`);
  }

  assertAllDeclared(): void {
    if (this.#undeclared.length > 0) throw new UndeclaredRoutes(this.#undeclared);
  }
}
