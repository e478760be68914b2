/** Every fault that is made, in the order of a short run. */
export const CASES = {
  services: 'kill -9 of every process of every service, one after the other',
  relays: 'two relays: the one at work is stopped by SIGSTOP, continued, killed',
  kafka: 'the broker killed; away, then restarted',
  'event-store': 'the event store killed and restarted',
  database: 'the database killed and restarted',
  'key-service': 'the key service stopped by SIGSTOP for 5 s, then killed and restarted',
  identity: 'the identity provider stopped by SIGSTOP for a minute: who is signed in goes on',
  consumer: 'the projections stopped by SIGSTOP for 10 s, then slowed',
  rebuild: 'the read model built anew under load',
  poison: 'an event that nobody can open',
  clocks: 'some services a minute ahead of the others',
} as const satisfies Readonly<Record<string, string>>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as readonly CaseName[];
