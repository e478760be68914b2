import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { Controller, Get, Module, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createLog, HealthRegistry, type RunningService, startService } from '@anamnesis/service';
import { AllowFhir, type Denial, PermissionGuard, type SignIn, type SignInFailure, Allow } from '../src/index.ts';
import { type EmbeddedIssuer, openEmbeddedIssuer } from '../src/embedded/index.ts';

@Controller()
class ProbeController {
  @Get('caller')
  @Allow('caller.read')
  caller(@Req() request: FastifyRequest): object {
    return { ...request.caller };
  }

  @Get('fhir/:type')
  @AllowFhir()
  fhir(@Req() request: FastifyRequest): object {
    return { role: request.caller?.role };
  }

  @Get('trail')
  @Allow('audit.trail')
  trail(): object {
    return {};
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

export interface ServedIssuer {
  readonly folder: string;
  readonly url: string;
  readonly realm: string;
  readonly issuer: EmbeddedIssuer;
  readonly service: RunningService;
  readonly denials: Denial[];
  readonly signIns: SignIn[];
  readonly failures: SignInFailure[];
  /** Moves the issuer's and the verifier's clock. */
  readonly clock: { ahead: number };
  password(username: string): Promise<string>;
  stop(): Promise<void>;
}

export async function newDataFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'anamnesis-identity-'));
}

export async function removeDataFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** A real issuer and a guarded service on a free port of this machine. */
export async function serveIssuer(
  folder: string,
  options: { port?: number; demoUsers?: boolean } = {},
): Promise<ServedIssuer> {
  const denials: Denial[] = [];
  const signIns: SignIn[] = [];
  const failures: SignInFailure[] = [];
  const clock = { ahead: 0 };
  let url = '';
  const issuer = await openEmbeddedIssuer({
    dataFolder: folder,
    publicUrl: () => url,
    facilities: ['F1', 'F2'],
    demoUsers: options.demoUsers ?? true,
    tokenTtl: 300_000,
    events: {
      signedIn: async (event) => void signIns.push(event),
      signInFailed: async (event) => void failures.push(event),
    },
    now: () => Date.now() + clock.ahead,
  });
  const service = await startService({
    modules: [ProbeModule],
    config: {
      host: '127.0.0.1',
      port: options.port ?? 0,
      publicUrl: undefined,
      trustedProxies: undefined,
      bodyBytes: 65_536,
      shutdownWait: 1_000,
    },
    log: createLog('silent'),
    health: new HealthRegistry(),
    guard: new PermissionGuard({
      verifier: issuer.verifier,
      denials: { denied: async (denial) => void denials.push(denial) },
    }),
    mounts: [issuer.mount],
    closeInOrder: [() => issuer.close()],
  });
  url = service.url;
  await issuer.ready();
  const password = async (username: string): Promise<string> => {
    const passwords = JSON.parse(await readFile(issuer.demoUsersFile!, 'utf8')) as Record<string, string>;
    return passwords[username]!;
  };
  const stop = (): Promise<void> => service.stop();
  return {
    folder,
    url,
    realm: `${url}/realms/anamnesis`,
    issuer,
    service,
    denials,
    signIns,
    failures,
    clock,
    password,
    stop,
  };
}
