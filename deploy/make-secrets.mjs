/**
 * Makes what `docker compose` needs beside compose.yaml: secrets/, the folders of data/, and .env.
 *
 *   node deploy/make-secrets.mjs [folder]      the folder that compose.yaml lies in, by default this file's
 *
 * Everything is random, and its owner's alone. What is there already stays as it is: run it again after an update, and
 * only what is new comes to be. To change a secret see README.md.
 */
import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, getgid, getuid, stdout, umask } from 'node:process';
import { fileURLToPath } from 'node:url';
import { makeAuthority, makeCertificate } from './certificates.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const AUTHORITY_DAYS = 3_650;
const CERTIFICATE_DAYS = 825;

/** Who shows a certificate, by the name that it is reached by. */
const ENGINES = ['eventstoredb', 'kafka', 'mongodb', 'keycloak', 'postgres', 'openbao'];
const FOLDERS = [
  ...['eventstoredb', 'kafka', 'mongodb', 'postgres', 'openbao', 'erasures'],
  ...['gateway', 'patients', 'encounters', 'orders', 'billing', 'directory', 'audit', 'projections', 'relay'],
];

const folder = resolve(argv[2] ?? HERE);
const secrets = join(folder, 'secrets');
const made = [];
let kept = 0;

umask(0o077);
const owner = ownerOf();
makeFolder(folder, { shared: true });
makeFolder(secrets);
makeFolder(join(folder, 'data'));
for (const name of FOLDERS) makeFolder(join(folder, 'data', name));
certificates();
engines();
identity();
environment();
stdout.write(`${made.length} made, ${kept} kept in ${folder}\n${made.map((name) => `  ${name}\n`).join('')}`);

/** Containers run as who started them. Root does not lend itself: uid 1000 owns what it makes. */
function ownerOf() {
  const [uid, gid] = [getuid?.() ?? 1000, getgid?.() ?? 1000];
  return uid === 0 ? { uid: 1000, gid: 1000, change: true } : { uid, gid, change: false };
}

function certificates() {
  const authority = keptAuthority() ?? makeAuthority(`Anamnesis ${randomBytes(4).toString('hex')}`, AUTHORITY_DAYS);
  secret('ca.key', () => authority.key);
  secret('ca.crt', () => authority.certificate);
  for (const engine of ENGINES) {
    if (keptPair(engine)) continue;
    const { certificate, key } = makeCertificate(authority, [engine, 'localhost'], CERTIFICATE_DAYS);
    secret(`${engine}.crt`, () => certificate);
    secret(`${engine}.key`, () => key);
  }
  // MongoDB and Kafka read both from one file.
  for (const engine of ['mongodb', 'kafka'])
    secret(`${engine}.pem`, () => read(`${engine}.key`) + read(`${engine}.crt`));
}

function keptPair(engine) {
  const files = [`${engine}.crt`, `${engine}.key`];
  const there = files.filter((file) => existsSync(join(secrets, file)));
  if (there.length === 1) throw new Error(`secrets/${there[0]} is there alone: remove it, and both are made anew`);
  kept += there.length;
  return there.length === 2;
}

/** The authority's key may have been put away: then it signs nothing more, and nothing more is needed of it. */
function keptAuthority() {
  if (!existsSync(join(secrets, 'ca.crt'))) return undefined;
  const certificate = read('ca.crt');
  const name = new X509Certificate(certificate).subject.replace(/^CN=/, '');
  if (!existsSync(join(secrets, 'ca.key'))) {
    if (ENGINES.every((engine) => existsSync(join(secrets, `${engine}.crt`)))) return { certificate, key: undefined };
    throw new Error('secrets/ca.key is needed to sign: bring it back');
  }
  const key = read('ca.key');
  const publicKey = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
  return { name, publicKey, certificate, key };
}

function engines() {
  // EventStoreDB takes these two from its environment alone.
  secret('eventstoredb.env', () => {
    const [admin, ops] = [word(), word()];
    return `EVENTSTORE_DEFAULT_ADMIN_PASSWORD=${admin}\nEVENTSTORE_DEFAULT_OPS_PASSWORD=${ops}\n`;
  });
  const admin = /^EVENTSTORE_DEFAULT_ADMIN_PASSWORD=(.+)$/m.exec(read('eventstoredb.env'))?.[1];
  secret('event-store-url', () => `esdb://admin:${admin}@eventstoredb:2113?tls=true&tlsCAFile=/run/secrets/ca.crt`);
  secret('kafka-password', word);
  secret('mongodb-root-password', word);
  secret('mongodb-password', word);
  secret('mongodb-keyfile', () => randomBytes(512).toString('base64'));
  const options = 'replicaSet=rs0&authSource=admin&tls=true&tlsCAFile=/run/secrets/ca.crt';
  secret('mongodb-url', () => `mongodb://anamnesis:${read('mongodb-password')}@mongodb:27017/anamnesis?${options}`);
  secret('openbao-seal', () => randomBytes(32));
  secret('openbao-operator-password', word);
  secret('transit-token', word);
}

function identity() {
  secret('postgres-password', word);
  secret('keycloak-admin-password', word);
  secret(
    'keycloak.conf',
    () =>
      `db-password=${read('postgres-password')}\n` +
      `bootstrap-admin-username=admin\nbootstrap-admin-password=${read('keycloak-admin-password')}\n`,
  );
  const realm = JSON.parse(readFileSync(join(HERE, 'keycloak', 'anamnesis-realm.json'), 'utf8'));
  for (const client of realm.clients.filter(({ serviceAccountsEnabled }) => serviceAccountsEnabled)) {
    const file = `client-${client.clientId.replace(/^anamnesis-/, '')}`;
    secret(file, word);
    client.secret = read(file);
  }
  secret('realm.json', () => `${JSON.stringify(realm, undefined, 2)}\n`);
}

function environment() {
  const path = join(folder, '.env');
  if (existsSync(path)) return;
  const example = readFileSync(join(HERE, '.env.example'), 'utf8');
  write(
    path,
    example
      .replace(/^ANAMNESIS_UID=.*$/m, `ANAMNESIS_UID=${owner.uid}`)
      .replace(/^ANAMNESIS_GID=.*$/m, `ANAMNESIS_GID=${owner.gid}`),
  );
  made.push('.env');
}

/** 256 bits that need no quoting in an address, a properties file or a shell. */
function word() {
  return randomBytes(32).toString('base64url').replace(/^-/, '_');
}

/** Writes secrets/`name` unless it is there; `content` is asked for only then. */
function secret(name, content) {
  if (existsSync(join(secrets, name))) {
    kept++;
    return;
  }
  const value = content();
  if (value === undefined) return;
  write(join(secrets, name), value);
  made.push(`secrets/${name}`);
}

function read(name) {
  return readFileSync(join(secrets, name), 'utf8');
}

function write(path, content) {
  // `wx`: two of these at once cannot overwrite each other's.
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  if (owner.change) chownSync(path, owner.uid, owner.gid);
}

function makeFolder(path, { shared = false } = {}) {
  const there = existsSync(path);
  if (!there) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (owner.change) chownSync(path, owner.uid, owner.gid);
  }
  if (!shared && path === secrets) chmodSync(path, 0o700);
}
