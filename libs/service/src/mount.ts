import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** A handler of raw requests under a path; it reads the body itself. */
export interface Mount {
  readonly prefix: string;
  /** The permission matrix's action for all of it. */
  readonly action: string;
  /** `from` is the client's address, as far as proxies are trusted. */
  handle(request: IncomingMessage, response: ServerResponse, from: string): void | Promise<void>;
}

/** Adds the mounts in a context of their own, where no body is read for them. */
export function mountAll(fastify: FastifyInstance, mounts: readonly Mount[]): void {
  for (const mount of mounts) {
    void fastify.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
      scope.all(`${mount.prefix}/*`, { config: { action: mount.action } }, async (request, reply) => {
        reply.hijack();
        reply.raw.setHeader('x-request-id', request.id);
        await mount.handle(request.raw, reply.raw, request.ip);
      });
      done();
    });
  }
}
