import { RouteConfig } from '@nestjs/platform-fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The action of the permission matrix that a caller of this route must be allowed. */
    action?: string;
  }
}

/**
 * Declares a route's action. `@Allow` of @anamnesis/identity is the same with the matrix's own type; this one is for
 * the few routes of packages that identity itself builds on.
 */
export const RouteAction = (action: string): MethodDecorator => RouteConfig({ action });
