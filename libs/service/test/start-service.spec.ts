import { request as rawRequest } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import { Body, Controller, Get, Module, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  createLog,
  HealthRegistry,
  ProblemError,
  HTTP_PROBLEMS,
  RouteAction,
  type RouteGuard,
  type RunningService,
  type ServiceOptions,
  startService,
} from '../src/index.ts';

/** A request to /slow that has arrived, and what lets it go on. */
let slow = { arrived: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };

@Controller()
class WardController {
  @Get('ward/:id')
  @RouteAction('open')
  read(@Req() request: FastifyRequest): object {
    return { correlation: request.id };
  }

  @Get('from')
  @RouteAction('open')
  from(@Req() request: FastifyRequest): object {
    return { from: request.ip };
  }

  @Post('ward')
  @RouteAction('open')
  write(@Body() body: unknown, @Res() reply: FastifyReply): void {
    void reply.type('text/plain').send(Buffer.isBuffer(body) ? `bytes:${body.toString()}` : typeof body);
  }

  @Get('fault')
  @RouteAction('open')
  fault(): never {
    throw new Fault('overloaded', 'Mustermann');
  }

  @Get('bug/:name')
  @RouteAction('open')
  bug(): never {
    throw new Error('Mustermann');
  }

  @Get('slow')
  @RouteAction('open')
  async slow(): Promise<object> {
    slow.arrived.resolve();
    await slow.released.promise;
    return { done: true };
  }

  @Post('closed')
  @RouteAction('closed')
  closed(): object {
    return {};
  }
}

@Module({ controllers: [WardController] })
class WardModule {}

@Controller()
class ForgottenController {
  @Get('forgotten')
  read(): object {
    return {};
  }

  @Get('misspelt')
  @RouteAction('opne')
  misspelt(): object {
    return {};
  }
}

@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

const guard: RouteGuard = {
  knows: (action) => ['open', 'closed', 'health'].includes(action),
  check: (action, request, done) => {
    request.actorRole = 'nurse';
    done(action === 'closed' ? new ProblemError(HTTP_PROBLEMS.unauthenticated) : undefined);
  },
};

const lines: string[] = [];
const running: RunningService[] = [];

async function start(options: Partial<ServiceOptions> = {}): Promise<RunningService> {
  lines.length = 0;
  slow = { arrived: Promise.withResolvers(), released: Promise.withResolvers() };
  const service = await startService({
    modules: [WardModule],
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: undefined,
      trustedProxies: undefined,
      bodyBytes: 1_024,
      shutdownWait: 10_000,
    },
    log: createLog('info', { write: (line: string) => void lines.push(line) }),
    health: new HealthRegistry(),
    guard,
    ...options,
  });
  running.push(service);
  return service;
}

afterEach(async () => {
  for (const service of running.splice(0)) await service.stop();
});

describe('a request', () => {
  it('is known by the client’s X-Request-Id when that can be no more than an id, else by a new one', async () => {
    const { url } = await start();
    const kept = await fetch(`${url}/ward/1`, { headers: { 'x-request-id': '0af7651916cd43d1' } });
    expect(kept.headers.get('x-request-id')).toBe('0af7651916cd43d1');
    expect(await kept.json()).toEqual({ correlation: '0af7651916cd43d1' });
    for (const given of ['<script>', 'Mustermann-Max-1970', 'a'.repeat(65), '']) {
      const replaced = await fetch(`${url}/ward/1`, { headers: { 'x-request-id': given } });
      expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('is logged by its route’s pattern, without ids, query or body', async () => {
    const { url } = await start();
    await fetch(`${url}/ward/Mustermann?name=Mustermann`, { headers: { 'x-request-id': '0af7651916cd43d2' } });
    const line = lines.find((candidate) => candidate.includes('0af7651916cd43d2'));
    expect(JSON.parse(line!)).toMatchObject({
      msg: 'request',
      method: 'GET',
      route: '/ward/:id',
      status: 200,
      role: 'nurse',
    });
    expect(lines.join()).not.toContain('Mustermann');
  });

  it('comes from where a trusted proxy says, and only such a one is believed', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.7' };
    const config = { host: '127.0.0.1', port: 0, publicUrl: undefined, bodyBytes: 1_024, shutdownWait: 50 };
    const trusting = await start({ config: { ...config, trustedProxies: ['127.0.0.0/8'] } });
    expect(await (await fetch(`${trusting.url}/from`, { headers })).json()).toEqual({ from: '192.0.2.7' });
    const wary = await start({ config: { ...config, trustedProxies: ['198.51.100.1'] } });
    expect(await (await fetch(`${wary.url}/from`, { headers })).json()).toEqual({ from: '127.0.0.1' });
  });

  it('gets security headers and no caching', async () => {
    const { url } = await start();
    const { headers } = await fetch(`${url}/ward/1`);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it.each([
    'application/fhir+json',
    'application/json',
    'application/json-patch+json',
    'application/x-www-form-urlencoded',
    'text/odd',
  ])('brings a body of %s as bytes', async (type) => {
    const { url } = await start();
    const answer = await fetch(`${url}/ward`, {
      method: 'POST',
      body: '{"value":1.00}',
      headers: { 'content-type': type },
    });
    expect(await answer.text()).toBe('bytes:{"value":1.00}');
  });

  it('over the body limit answers 413', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/ward`, { method: 'POST', body: 'x'.repeat(1_025) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'body-too-large', status: 413 });
  });

  it('is refused by the guard before its body is read', async () => {
    const { url } = await start();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const pending = rawRequest(`${url}/closed`, { method: 'POST', headers: { 'content-length': '1000' } });
      pending.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
        pending.destroy();
      });
      pending.on('error', reject);
      pending.write('only the beginning');
    });
    expect(status).toBe(401);
  });
});

describe('an error', () => {
  it('that is a fault answers its problem with Retry-After', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/fault`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ code: 'overloaded' });
  });

  it('that is a bug answers a fixed text and the correlation, and neither log nor answer has its message', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/bug/Mustermann`, { headers: { 'x-request-id': '0af7651916cd43d3' } });
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: 'bug', correlation: '0af7651916cd43d3' });
    expect(text + lines.join()).not.toContain('Mustermann');
    expect(
      lines.some((line) => line.includes('a bug was answered with 500') && line.includes('0af7651916cd43d3')),
    ).toBe(true);
  });

  it('of an unknown address answers 404 without repeating it', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/nowhere/Mustermann`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).not.toContain('Mustermann');
  });

  it('of a malformed address answers 400', async () => {
    const { url } = await start();
    const answer = await fetch(`${url}/ward/%ZZ`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'bad-request' });
  });

  it('is written by the renderer of its path', async () => {
    const renderer = {
      prefix: '/ward',
      render: () => ({ contentType: 'application/fhir+json', body: '{"resourceType":"OperationOutcome"}' }),
    };
    const { url } = await start({ renderers: [renderer] });
    const inside = await fetch(`${url}/ward/1/nowhere`);
    expect(inside.headers.get('content-type')).toContain('application/fhir+json');
    const outside = await fetch(`${url}/wardrobe`);
    expect(outside.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('the start', () => {
  it('is stopped by routes without an entry in the matrix, and names them all', async () => {
    const starting = start({ modules: [WardModule, ForgottenModule] });
    await expect(starting).rejects.toThrow(/GET \/forgotten.*GET \/misspelt \(unknown action opne\)/);
  });

  it('is stopped by a mount without an entry', async () => {
    const starting = start({ mounts: [{ prefix: '/raw', action: 'nothing', handle: () => undefined }] });
    await expect(starting).rejects.toThrow(/\/raw\/\*/);
  });
});

describe('a port in use', () => {
  it('fails the start with the system’s code', async () => {
    const { port } = await start();
    const config = {
      host: '127.0.0.1',
      port,
      publicUrl: undefined,
      trustedProxies: undefined,
      bodyBytes: 1_024,
      shutdownWait: 50,
    };
    await expect(start({ config })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('a mount', () => {
  it('reads its own bodies', async () => {
    const { url } = await start({
      mounts: [
        {
          prefix: '/raw',
          action: 'open',
          handle: async (request, response) => {
            let body = '';
            for await (const chunk of request) body += String(chunk);
            response.end(`${request.url} ${body}`);
          },
        },
      ],
    });
    const answer = await fetch(`${url}/raw/a?b=c`, { method: 'POST', body: 'x'.repeat(10) });
    expect(await answer.text()).toBe(`/raw/a?b=c ${'x'.repeat(10)}`);
  });
});

describe('health', () => {
  it('is live at once and ready when every check is, naming those that are not', async () => {
    const health = new HealthRegistry();
    let caughtUp = false;
    health.register('log', () => ({ ready: true }));
    health.register('index', () => (caughtUp ? { ready: true } : { ready: false, reason: 'catching up' }));
    health.register('vault', () => Promise.reject(new Error('Mustermann')));
    const { url } = await start({ health });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    const before = await fetch(`${url}/health/ready`);
    expect(before.status).toBe(503);
    expect(await before.json()).toEqual({
      status: 'not ready',
      checks: {
        log: { ready: true },
        index: { ready: false, reason: 'catching up' },
        vault: { ready: false, reason: 'check failed' },
      },
    });
    caughtUp = true;
    health.register('vault', () => ({ ready: true }));
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
  });

  it('is not ready while a check does not answer', async () => {
    const health = new HealthRegistry();
    health.register('store', () => new Promise(() => undefined));
    expect(await health.readiness()).toEqual({
      ready: false,
      checks: { store: { ready: false, reason: 'did not answer in time' } },
    });
  });
});

describe('the stop', () => {
  it('lets a request in flight finish, then closes the rest in order', async () => {
    const order: string[] = [];
    const service = await start({
      closeInOrder: [() => void order.push('projections'), async () => void order.push('store')],
    });
    const answer = fetch(`${service.url}/slow`);
    await slow.arrived.promise;
    const stopping = service.stop();
    slow.released.resolve();
    expect(await (await answer).json()).toEqual({ done: true });
    await stopping;
    expect(order).toEqual(['projections', 'store']);
    await expect(fetch(`${service.url}/ward/1`)).rejects.toThrow();
  });

  it('cuts what takes longer than it may', async () => {
    const config = {
      host: '127.0.0.1',
      port: 0,
      publicUrl: undefined,
      trustedProxies: undefined,
      bodyBytes: 1_024,
      shutdownWait: 50,
    };
    const service = await start({ config });
    const answer = fetch(`${service.url}/slow`);
    const cut = expect(answer).rejects.toThrow();
    await slow.arrived.promise;
    await service.stop();
    await cut;
    slow.released.resolve();
  });
});
