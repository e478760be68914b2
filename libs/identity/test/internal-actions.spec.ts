import { Controller, Get, Module, Req } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createLog, HealthRegistry, type RunningService, startService } from '@anamnesis/service';
import {
  Allow,
  type Caller,
  can,
  type Denial,
  LocalTokenVerifier,
  passCaller,
  passedCaller,
  PASSED_CALLER_HEADER,
  PermissionGuard,
  requestService,
  ROLES,
} from '../src/index.ts';

const ISSUER = 'http://issuer.test/realms/anamnesis';

const nurse: Caller = {
  subject: 's-1',
  username: 'nurse',
  roles: ['nurse'],
  facilities: ['F1', 'F2'],
  clientId: 'anamnesis-web',
  acr: 'aal1',
  sessionId: 'x',
  expiresAt: 1,
  role: 'nurse',
  purpose: 'TREAT',
  facility: 'F1',
};

@Controller()
class ProbeController {
  @Get('decide')
  @Allow('internal.decide')
  decide(@Req() request: FastifyRequest): object {
    return { service: requestService(request).service, caller: request.caller ?? null };
  }

  @Get('caller')
  @Allow('caller.read')
  caller(@Req() request: FastifyRequest): object {
    return { ...request.caller };
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

const denials: Denial[] = [];
let service: RunningService;
let sign: (claims: Record<string, unknown>) => Promise<string>;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  const keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }] };
  const verifier = new LocalTokenVerifier({ keys, issuer: () => ISSUER, audience: 'anamnesis-gateway' });
  sign = (claims) =>
    new SignJWT({ typ: 'Bearer', sub: 's-9', ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuer(ISSUER)
      .setAudience('anamnesis-gateway')
      .setExpirationTime('5m')
      .sign(pair.privateKey);
  service = await startService({
    modules: [ProbeModule],
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: undefined,
      trustedProxies: undefined,
      bodyBytes: 65_536,
      shutdownWait: 1_000,
    },
    log: createLog('silent'),
    health: new HealthRegistry(),
    guard: new PermissionGuard({ verifier, denials: { denied: async (denial) => void denials.push(denial) } }),
  });
});

afterAll(() => service.stop());

const gateway = (more: Record<string, unknown> = {}): Promise<string> =>
  sign({
    azp: 'anamnesis-gateway',
    preferred_username: 'service-account-anamnesis-gateway',
    realm_access: { roles: ['service'] },
    ...more,
  });

async function ask(path: string, token: string, caller?: string): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${token}`, ...(caller !== undefined && { [PASSED_CALLER_HEADER]: caller }) };
  const answer = await fetch(service.url + path, { headers });
  return { status: answer.status, body: await answer.json() };
}

describe('an internal action', () => {
  it('is done for a service, in its own name', async () => {
    expect(await ask('/decide', await gateway())).toEqual({ status: 200, body: { service: 'gateway', caller: null } });
  });

  it('is done in the name of the caller whom the service names', async () => {
    const answer = await ask('/decide', await gateway(), passCaller(nurse));
    expect(answer).toEqual({ status: 200, body: { service: 'gateway', caller: nurse } });
  });

  it.each([
    ['no base64url of JSON', 'abc'],
    ['nothing', ''],
    ['of a role that is none', passCaller({ ...nurse, role: 'service' as never })],
    ['of a purpose that is none', passCaller({ ...nurse, purpose: 'ANY' })],
    ['with more than a caller has', passCaller({ ...nurse, admin: true } as never)],
    ['too long', passCaller({ ...nurse, facilities: Array.from({ length: 99 }, (_, n) => `${n}${'x'.repeat(99)}`) })],
  ])('is refused where the caller named is %s', async (_what, header) => {
    expect((await ask('/decide', await gateway(), header)).status).toBe(400);
  });

  it('is no person’s, whatever they send, and the denial is recorded', async () => {
    for (const role of ROLES) {
      const token = await sign({ azp: 'anamnesis-web', preferred_username: role, realm_access: { roles: [role] } });
      expect([role, (await ask('/decide', token, passCaller(nurse))).status]).toEqual([role, 403]);
      expect(denials.at(-1)).toMatchObject({ action: 'internal.decide', reason: 'role', caller: { role } });
      expect(can({ role, purpose: 'TREAT' }, 'internal.decide').allowed).toBe(false);
    }
  });

  it('is no person’s who was given the services’ role by mistake', async () => {
    const roles = ['service', 'nurse'];
    const person = { azp: 'anamnesis-web', preferred_username: 'nurse', realm_access: { roles } };
    expect((await ask('/decide', await sign(person))).status).toBe(403);
    const named = { ...person, azp: 'anamnesis-gateway' };
    expect((await ask('/decide', await sign(named))).status).toBe(403);
    const stranger = { azp: 'anamnesis-x', preferred_username: 'service-account-anamnesis-x', realm_access: { roles } };
    expect((await ask('/decide', await sign(stranger))).status).toBe(403);
  });
});

describe('a service', () => {
  it('does nothing but internal actions, in nobody’s name', async () => {
    expect(await ask('/caller', await gateway())).toMatchObject({ status: 403, body: { code: 'no-role' } });
    const token = await gateway({ realm_access: { roles: ['service', 'integration'] } });
    expect(await ask('/caller', token, passCaller(nurse))).toMatchObject({ status: 403, body: { code: 'no-role' } });
  });

  it('is asked for on no route but internal ones', () => {
    expect(() => requestService({ service: undefined })).toThrow('not internal');
  });
});

describe('a person’s request', () => {
  it('gains nothing from naming another caller', async () => {
    const token = await sign({ azp: 'anamnesis-web', preferred_username: 'b', realm_access: { roles: ['biller'] } });
    expect(await ask('/caller', token, passCaller(nurse))).toMatchObject({ status: 200, body: { role: 'biller' } });
  });

  it('is passed on whole', () => {
    expect(passedCaller(passCaller(nurse))).toEqual(nurse);
    const { username: _u, acr: _a, sessionId: _s, facility: _f, ...least } = nurse;
    expect(passedCaller(passCaller(least))).toEqual(least);
  });
});
