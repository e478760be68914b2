import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../processes/free-port.ts';
import { installed } from './cache.ts';
import { checkFile } from './checksum.ts';
import { keycloakServer, type Admin } from './keycloak-server.ts';
import type { Log } from './log.ts';
import { copyArtifact } from './maven.ts';
import { KEYCLOAK } from './pinned.ts';
import { cleanEnvironment, needProgram } from './programs.ts';
import { runInstaller } from './run-installer.ts';

/** Fixed when it is built, which is done once, in the cache. */
const BUILD = ['--db=dev-file', '--health-enabled=false', '--metrics-enabled=false'];

/** Fetches Keycloak if need be, and builds it for quick starts; its home. */
export async function keycloakHome(log: Log): Promise<string> {
  const folder = await installed(
    { name: `keycloak-${KEYCLOAK.version}`, pins: { ...KEYCLOAK, BUILD, template: 1 }, install: installKeycloak },
    log,
  );
  return join(folder, 'home');
}

async function installKeycloak(folder: string, log: Log): Promise<void> {
  const python = needProgram('python3', 'Unpacking Keycloak');
  await copyArtifact(folder, KEYCLOAK.artifact, log);
  const archive = join(folder, KEYCLOAK.file);
  await checkFile(archive, KEYCLOAK.sha256);
  await runInstaller({ name: 'unpack', command: python, args: ['-m', 'zipfile', '-e', archive, '.'], folder, log });
  await rm(archive);
  await rename(join(folder, `keycloak-${KEYCLOAK.version}`), join(folder, 'home'));
  const args = [join(folder, 'home', 'bin', 'kc.sh'), 'build', ...BUILD];
  const env = cleanEnvironment({
    ...(process.env['JAVA_HOME'] !== undefined && { JAVA_HOME: process.env['JAVA_HOME'] }),
  });
  await runInstaller({ name: 'keycloak build', command: '/bin/sh', args, folder, env, log });
  log('keycloak: making its first database');
  await makeTemplate(join(folder, 'home'));
}

/**
 * A database as a first start leaves it, kept in the cache: making one takes Keycloak most of a minute. Who administers
 * it stands beside it.
 */
const templateOf = (home: string): string => join(home, '..', 'template');

export async function firstDatabase(home: string, folder: string): Promise<Admin> {
  const template = templateOf(home);
  // A folder that was given may have a database already.
  await cp(join(template, 'h2'), join(folder, 'h2'), { recursive: true, force: false });
  return JSON.parse(await readFile(join(template, 'admin.json'), 'utf8')) as Admin;
}

async function makeTemplate(home: string): Promise<void> {
  const template = templateOf(home);
  await mkdir(template, { mode: 0o700 });
  const admin: Admin = { user: 'admin', password: randomBytes(18).toString('base64url') };
  await writeFile(join(template, 'admin.json'), JSON.stringify(admin), { mode: 0o600 });
  const place = { home, folder: template, port: await freePort(), hostname: undefined };
  const server = keycloakServer(needProgram('java', 'Keycloak'), place, admin);
  await server.start();
  await server.stop();
}
