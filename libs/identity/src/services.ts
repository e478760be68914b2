/** The processes of the cluster profile that speak to each other; each has a service account of its own. */
export const SERVICES = [
  'gateway',
  'patients',
  'encounters',
  'orders',
  'billing',
  'directory',
  'audit',
  'projections',
  'relay',
] as const;

export type ServiceName = (typeof SERVICES)[number];

/** The realm role of service accounts. It is none of `ROLES`: no person can act in it. */
export const SERVICE_ROLE = 'service';

/** The OpenID client of a service. */
export const serviceClient = <S extends ServiceName>(service: S): `anamnesis-${S}` => `anamnesis-${service}`;

const BY_CLIENT: ReadonlyMap<string, ServiceName> = new Map(
  SERVICES.map((service) => [serviceClient(service), service] as const),
);

export function serviceOfClient(clientId: string): ServiceName | undefined {
  return BY_CLIENT.get(clientId);
}
