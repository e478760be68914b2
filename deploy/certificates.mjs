/**
 * X.509 certificates (RFC 5280) for the links inside an installation: an authority of its own, and what it signs.
 * DER as ITU-T X.690; RSA, because every engine takes it. For make-secrets.mjs, which needs nothing but Node.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const DAY_MS = 86_400_000;
const RSA_BITS = 3_072;

const BOOLEAN_TRUE = Buffer.from('0101ff', 'hex');
const NULL = Buffer.from('0500', 'hex');
const SHA256_WITH_RSA = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), NULL);
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const SUBJECT_KEY = Buffer.from('0603551d0e', 'hex');
const KEY_USAGE = Buffer.from('0603551d0f', 'hex');
const ALTERNATIVE_NAMES = Buffer.from('0603551d11', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const AUTHORITY_KEY = Buffer.from('0603551d23', 'hex');
const EXTENDED_KEY_USAGE = Buffer.from('0603551d25', 'hex');
/** RFC 5280, section 4.2.1.12: a replica set's members are each other's clients too. */
const SERVER_AND_CLIENT = sequence(
  Buffer.from('06082b06010505070301', 'hex'),
  Buffer.from('06082b06010505070302', 'hex'),
);
/** Section 4.2.1.3, as bit strings: keyCertSign and cRLSign; digitalSignature and keyEncipherment. */
const SIGNS_CERTIFICATES = Buffer.from('03020106', 'hex');
const SIGNS_AND_AGREES = Buffer.from('030205a0', 'hex');

/** `{ certificate, key }`, both PEM. */
export function makeAuthority(name, days) {
  const pair = keyPair();
  const certificate = signed({
    subject: name,
    issuer: name,
    days,
    publicKey: pair.publicKey,
    signingKey: pair.key,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(BOOLEAN_TRUE), { critical: true }),
      extension(KEY_USAGE, SIGNS_CERTIFICATES, { critical: true }),
      extension(SUBJECT_KEY, der(0x04, keyIdentifier(pair.publicKey))),
    ],
  });
  return { name, publicKey: pair.publicKey, certificate, key: pair.key };
}

/** A certificate for `hosts` (DNS names), the first of which is its name, signed by what `makeAuthority` made. */
export function makeCertificate(authority, hosts, days) {
  const pair = keyPair();
  const certificate = signed({
    subject: hosts[0],
    issuer: authority.name,
    days,
    publicKey: pair.publicKey,
    signingKey: authority.key,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(), { critical: true }),
      extension(KEY_USAGE, SIGNS_AND_AGREES, { critical: true }),
      extension(EXTENDED_KEY_USAGE, SERVER_AND_CLIENT),
      extension(ALTERNATIVE_NAMES, sequence(...hosts.map((host) => der(0x82, Buffer.from(host))))),
      extension(SUBJECT_KEY, der(0x04, keyIdentifier(pair.publicKey))),
      extension(AUTHORITY_KEY, sequence(der(0x80, keyIdentifier(authority.publicKey)))),
    ],
  });
  return { certificate, key: pair.key };
}

function signed({ subject, issuer, days, publicKey, signingKey, extensions }) {
  const now = Date.now();
  const version3 = der(0xa0, der(0x02, Buffer.from([2])));
  // Positive and unguessable: section 4.1.2.2.
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)]));
  const validity = sequence(time(now - DAY_MS), time(now + days * DAY_MS));
  const body = sequence(
    version3,
    serial,
    SHA256_WITH_RSA,
    nameOf(issuer),
    validity,
    nameOf(subject),
    publicKey,
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, signingKey);
  const certificate = sequence(body, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature));
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)
    .join('\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: RSA_BITS,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKey, key: privateKey };
}

/** RFC 7093, section 2: the first 160 bits of a SHA-256. */
const keyIdentifier = (publicKey) => createHash('sha256').update(publicKey).digest().subarray(0, 20);

const nameOf = (name) => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));

function extension(oid, value, { critical = false } = {}) {
  return sequence(oid, ...(critical ? [BOOLEAN_TRUE] : []), der(0x04, value));
}

/** UTCTime until 2049, GeneralizedTime from then on: RFC 5280, section 4.1.2.5. */
function time(instant) {
  const digits = new Date(instant).toISOString().slice(0, 19).replace(/\D/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? der(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : der(0x18, Buffer.from(`${digits}Z`));
}

function sequence(...parts) {
  return der(0x30, ...parts);
}

function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const octets = [];
  for (let rest = content.length; rest > 0; rest >>= 8) octets.unshift(rest & 0xff);
  const length = content.length < 128 ? [content.length] : [0x80 | octets.length, ...octets];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
