/**
 * Run by mongosh, as often as one likes: makes the replica set, waits for its primary, and makes the services' account
 * or gives it the password that the secret has now.
 */
const { readFileSync } = require('fs');

const HOST = 'mongodb:27017';
const WAIT_MS = 60_000;
const ALREADY_INITIALIZED = 23;

const secret = (name) => readFileSync(`/run/secrets/${name}`, 'utf8').trim();
const options = 'authSource=admin&directConnection=true&tls=true&tlsCAFile=/run/secrets/ca.crt';
const admin = connect(`mongodb://root:${secret('mongodb-root-password')}@${HOST}/admin?${options}`);

try {
  admin.adminCommand({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: HOST }] } });
} catch (error) {
  if (error.code !== ALREADY_INITIALIZED) throw error;
}
const deadline = Date.now() + WAIT_MS;
while (!admin.hello().isWritablePrimary) {
  if (Date.now() > deadline) throw new Error('the replica set has no primary');
  sleep(200);
}

const pwd = secret('mongodb-password');
const roles = [{ role: 'dbOwner', db: 'anamnesis' }];
if (admin.getUser('anamnesis') === null) admin.createUser({ user: 'anamnesis', pwd, roles });
else admin.updateUser('anamnesis', { pwd, roles });
print('the replica set and the account are there');
