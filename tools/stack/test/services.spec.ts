import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CLUSTER_SETTINGS, SECRETS } from '@anamnesis/cluster';
import { SERVICES, type ServiceName } from '@anamnesis/identity';
import { ROOT } from '../src/processes/node-program.ts';
import { SERVICE_TABLE, settingsOf, type Surroundings } from '../src/services.ts';

const addresses = Object.fromEntries(SERVICES.map((name) => [name, [`http://${name}-1`, `http://${name}-2`]]));
const around: Surroundings = {
  publicUrl: 'http://gateway-1',
  issuer: 'http://gateway-1/realms/anamnesis',
  eventStore: 'esdb://127.0.0.1:1?tls=false',
  kafka: ['127.0.0.1:2', '127.0.0.1:3'],
  mongodb: 'mongodb://127.0.0.1:4/',
  keycloak: 'http://127.0.0.1:5',
  transit: { url: 'http://127.0.0.1:6', tokenFile: '/secrets/transit-token' },
  erasures: '/erasures.log',
  signInsSecretFile: '/secrets/sign-ins',
  replicas: 3,
  addresses: addresses as unknown as Surroundings['addresses'],
};
const of = (service: ServiceName): Readonly<Record<string, string>> =>
  settingsOf(
    { service, number: 2, port: 7, dataFolder: `/data/${service}-2`, secretFile: `/secrets/${service}` },
    around,
  );

describe('the table of services', () => {
  it.each(SERVICES)('%s has a program', (service) => {
    expect(existsSync(join(ROOT, SERVICE_TABLE[service].main))).toBe(true);
  });

  it.each(SERVICES)('%s is told nothing that it does not know', (service) => {
    const known = new Set<string>([
      ...Object.values(CLUSTER_SETTINGS).map(({ variable }) => variable),
      ...SECRETS.map((name) => `${CLUSTER_SETTINGS[name].variable}_FILE`),
    ]);
    expect(Object.keys(of(service)).filter((variable) => !known.has(variable))).toEqual([]);
  });

  it('hands on the addresses of all instances, but not its own', () => {
    expect(of('gateway')['ANAMNESIS_PATIENTS']).toBe('http://patients-1,http://patients-2');
    expect(of('gateway')['ANAMNESIS_GATEWAY']).toBeUndefined();
    expect(of('relay')['ANAMNESIS_PATIENTS']).toBeUndefined();
  });

  it('gives each process a name, a folder and a secret of its own', () => {
    expect(of('orders')).toMatchObject({
      PORT: '7',
      ANAMNESIS_INSTANCE: '2',
      ANAMNESIS_DATA: '/data/orders-2',
      ANAMNESIS_CLIENT_SECRET_FILE: '/secrets/orders',
      ANAMNESIS_KAFKA: '127.0.0.1:2,127.0.0.1:3',
      ANAMNESIS_REPLICATION: '3',
    });
  });

  it('tells all of them by which address people reach the record', () => {
    expect(new Set(SERVICES.map((service) => of(service)['PUBLIC_URL']))).toEqual(new Set(['http://gateway-1']));
  });
});
