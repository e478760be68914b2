import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { connect, type AddressInfo } from 'node:net';
import { Controller, Get, Module, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createLog, HealthRegistry, type RunningService, startService } from '@anamnesis/service';
import { Allow, PermissionGuard, requestService } from '../src/index.ts';
import {
  CONFIDENTIAL_CLIENTS,
  KeycloakAdmin,
  type KeycloakProxy,
  keycloakProxy,
  KeycloakTokenVerifier,
  realmWith,
} from '../src/keycloak/index.ts';
import { CLIENTS } from '../src/realm-names.ts';
import type { SignInPlace } from './browser.ts';

@Controller()
class ProbeController {
  @Get('caller')
  @Allow('caller.read')
  caller(@Req() request: FastifyRequest): object {
    return { ...request.caller };
  }

  @Get('decide')
  @Allow('internal.decide')
  decide(@Req() request: FastifyRequest): object {
    return { service: requestService(request).service };
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; npm run test:stack starts a Keycloak and sets it`);
  return value;
}

/** Of one person at once. */
export const SESSIONS = 8;
export const OTP_SECRET = 'a-secret-of-one-time-codes';
export const secretOf = (clientId: string): string => `the secret of ${clientId}: % & =`;
const passwordOf = (username: string): string => `right-for-${username.split('').reverse().join('')}`;

/** A guarded service with the generated realm behind its front door, on the real Keycloak. */
export interface RealKeycloak extends SignInPlace {
  /** Keycloak's own address, by way of a line that can be cut. */
  readonly keycloakUrl: string;
  readonly name: string;
  readonly admin: KeycloakAdmin;
  readonly line: Line;
  readonly verifier: KeycloakTokenVerifier;
  stop(): Promise<void>;
}

/** `interval`: milliseconds between two looks at the keys and at a session. */
export async function serveRealKeycloak(interval: number): Promise<RealKeycloak> {
  const [username = '', password = ''] = setting('ANAMNESIS_TEST_KEYCLOAK_ADMIN').split(':');
  const admin = new KeycloakAdmin({ keycloakUrl: setting('ANAMNESIS_TEST_KEYCLOAK'), username, password });
  await admin.ready();
  const name = `anamnesis-test-${randomUUID()}`;
  const line = await Line.to(new URL(setting('ANAMNESIS_TEST_KEYCLOAK')));
  let url = '';
  const verifier = new KeycloakTokenVerifier({
    keycloakUrl: line.url,
    issuer: () => `${url}/realms/${name}`,
    realm: name,
    clientSecret: secretOf('anamnesis-gateway'),
    interval,
  });
  const proxy = keycloakProxy({ keycloakUrl: line.url, publicUrl: () => url, realm: name });
  const service = await serve(verifier, proxy);
  url = service.url;
  const people = ['nurse', 'physician', 'biller', 'operator', 'registrar', 'pharmacist', 'lab-technician'];
  await admin.importRealm(
    realmWith({
      realm: name,
      hostname: url,
      sessionsPerPerson: SESSIONS,
      facilities: ['F1', 'F2', 'F3'],
      // All but the import client's: it stands for one that was forgotten.
      clientSecrets: Object.fromEntries(
        CONFIDENTIAL_CLIENTS.filter((id) => id !== CLIENTS.import).map((id) => [id, secretOf(id)]),
      ),
      demoUsers: {
        passwords: Object.fromEntries(people.map((person) => [person, passwordOf(person)])),
        otpSecrets: { physician: OTP_SECRET },
      },
    }),
  );
  const stop = async (): Promise<void> => {
    await service.stop();
    await line.close();
    await admin.removeRealm(name);
  };
  return {
    ...{ url, name, admin, line, verifier, stop, keycloakUrl: line.url },
    realm: `${url}/realms/${name}`,
    password: async (person) => passwordOf(person),
  };
}

function serve(verifier: KeycloakTokenVerifier, proxy: KeycloakProxy): Promise<RunningService> {
  return startService({
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
    guard: new PermissionGuard({ verifier }),
    mounts: proxy.mounts,
    closeInOrder: [() => verifier.close(), () => proxy.close()],
  });
}

/** A TCP line to an engine that others use too: it can be cut, which is as good as the engine being away. */
export class Line {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async to({ hostname, port }: URL): Promise<Line> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const line = new Line(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (socket) => {
      if (line.#cut) return void socket.destroy();
      const other = connect(Number(port), hostname);
      for (const end of [socket, other]) {
        line.#sockets.add(end);
        end.on('error', () => undefined).on('close', () => line.#sockets.delete(end));
      }
      socket.pipe(other).pipe(socket);
    });
    return line;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
