import type { StackAddresses } from './start-stack.ts';

/** Where everything is, for people. */
export function bannerOf({ url, services, ...at }: StackAddresses): string {
  const rows: readonly (readonly [string, string])[] = [
    ['FHIR R4', `${url}/fhir          (capabilities: ${url}/fhir/metadata)`],
    ['sign in', `demo users, one a role; their passwords are in ${at.passwordsFile}`],
    ['event store', at.eventStore],
    ['kafka', at.kafka.join(',')],
    ['mongodb', at.mongodb],
    ['keycloak', at.keycloak],
    ['transit', at.transit],
    ...Object.entries(services).map(([name, urls]) => [name, urls.join(', ')] as const),
    ['logs', `${at.folder}/log`],
    ['stop', 'Ctrl-C'],
  ];
  return `Anamnesis runs as separate services.\n${rows.map(([name, text]) => `  ${name.padEnd(12)} ${text}\n`).join('')}`;
}
