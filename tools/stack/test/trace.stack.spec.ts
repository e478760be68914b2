import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServiceName } from '@anamnesis/identity';
import { OtlpCollector, type ReceivedPoint, type ReceivedSpan } from '@anamnesis/testing';
import { startStack, type Stack, type StackOptions } from '../src/index.ts';

const LIMIT_MS = 420_000;
const SEEN_MS = 60_000;

/** Those that a write of a patient passes; the others are named, and not asked. */
const SERVICES: readonly ServiceName[] = ['gateway', 'patients', 'projections', 'relay'];
const AWAY = Object.fromEntries(
  ['ENCOUNTERS', 'ORDERS', 'BILLING', 'DIRECTORY', 'AUDIT'].map((name) => [`ANAMNESIS_${name}`, 'http://127.0.0.1:9']),
);

/** What may be found nowhere. */
const CANARY = 'Kanarienvogel';
const TRACE = randomBytes(16).toString('hex');
const CALLER = randomBytes(8).toString('hex');
const GROUP = { 'messaging.consumer.group.name': 'anamnesis.projections.records' };

/** The engines that all records may share are those that are there already; the bus and the database are our own. */
function sharedEngines(env: NodeJS.ProcessEnv): StackOptions {
  const { ANAMNESIS_TEST_KEYCLOAK: keycloak, ANAMNESIS_TEST_TRANSIT: transit } = env;
  const [user = '', password = ''] = (env['ANAMNESIS_TEST_KEYCLOAK_ADMIN'] ?? '').split(':');
  return {
    ...(keycloak !== undefined && { keycloak: { url: keycloak, admin: { user, password } }, replaceRealm: true }),
    ...(transit !== undefined && { transit: { url: transit, token: env['ANAMNESIS_TEST_TRANSIT_TOKEN'] ?? '' } }),
  };
}

async function integrationToken({ addresses }: Stack): Promise<string> {
  const secret = await readFile(join(addresses.folder, 'secrets', 'anamnesis-import'), 'utf8');
  const answer = await fetch(`${addresses.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`anamnesis-import:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

describe('one request as it is received over OTLP', () => {
  let collector: OtlpCollector;
  let stack: Stack;
  let id: string;
  let spans: readonly ReceivedSpan[];
  let points: readonly ReceivedPoint[];
  let logs: Readonly<Record<string, string>>;
  const statuses: number[] = [];

  async function ask(method: string, path: string, token: string, more: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json', ...more.headers };
    const answer = await fetch(`${stack.addresses.url}/fhir/${path}`, { ...more, method, headers });
    statuses.push(answer.status);
    return answer;
  }

  const processed = (): boolean =>
    collector.spans.some(({ traceId, name }) => traceId === TRACE && name.startsWith('process '));

  beforeAll(async () => {
    collector = await OtlpCollector.listen();
    stack = await startStack({
      ...sharedEngines(process.env),
      services: SERVICES,
      log: () => undefined,
      env: {
        ...AWAY,
        ...collector.env,
        OTEL_BSP_SCHEDULE_DELAY: '200',
        OTEL_METRIC_EXPORT_INTERVAL: '2000',
        OTEL_METRIC_EXPORT_TIMEOUT: '1900',
        ANAMNESIS_LOG_LEVEL: 'info',
      },
    });
    try {
      const token = await integrationToken(stack);
      const patient = { resourceType: 'Patient', name: [{ family: CANARY }], address: [{ city: CANARY }] };
      const made = await ask('POST', 'Patient', token, {
        body: JSON.stringify(patient),
        headers: { traceparent: `00-${TRACE}-${CALLER}-01` },
      });
      ({ id } = (await made.json()) as { id: string });
      const position = made.headers.get('x-anamnesis-position') ?? '';
      await ask('GET', `Patient/${id}`, token);
      await ask('GET', `Patient?name=${CANARY}`, token, { headers: { 'x-anamnesis-min-position': position } });
      await ask('GET', `Patient/${CANARY}`, token);
      for (const until = Date.now() + SEEN_MS; !processed() && Date.now() < until;) await pause(200);
      logs = Object.fromEntries(
        await Promise.all(
          stack.services.map(async ({ service, logFile }) => [service, await readFile(logFile, 'utf8')] as const),
        ),
      );
    } finally {
      await stack.stop();
    }
    ({ spans, points } = collector);
  }, LIMIT_MS);

  afterAll(() => collector.close());

  const ours = (): readonly ReceivedSpan[] => spans.filter(({ traceId }) => traceId === TRACE);
  /** The one span of that name in the request's trace. */
  const only = (service: ServiceName, name: string): ReceivedSpan => {
    const found = ours().filter((span) => span.service === `anamnesis-${service}` && span.name === name);
    expect(found.map((span) => span.name)).toEqual([name]);
    return found[0]!;
  };
  const gateway = (): ReceivedSpan => only('gateway', 'POST /fhir/*');
  const linked = ({ traceId, spanId }: ReceivedSpan) => ({ traceId, spanId });

  it('went as it should', () => {
    expect(statuses).toEqual([201, 200, 200, 404]);
  });

  it('begins at the front door, which goes on with the trace of its caller', () => {
    expect(gateway()).toMatchObject({ kind: 'server', parentSpanId: CALLER, failed: false });
    expect(gateway().attributes).toMatchObject({ 'http.route': '/fhir/*', 'http.response.status_code': 201 });
  });

  it('asks the context, which decides within it', () => {
    const asked = only('gateway', 'POST /internal/decisions');
    expect(asked).toMatchObject({ kind: 'client', parentSpanId: gateway().spanId });
    expect(only('patients', 'POST /internal/decisions')).toMatchObject({ kind: 'server', parentSpanId: asked.spanId });
  });

  it('appends', () => {
    const append = only('gateway', 'append');
    expect(append).toMatchObject({ kind: 'client', parentSpanId: gateway().spanId, failed: false });
    expect(append.attributes).toMatchObject({ 'db.system.name': 'eventstoredb', 'db.operation.name': 'append' });
    expect(append.attributes['anamnesis.events']).toBeGreaterThan(0);
  });

  it.each([
    ['relay', 'send anamnesis.patients', 'producer', 'client', {}],
    ['projections', 'process anamnesis.patients', 'consumer', 'consumer', GROUP],
  ] as const)('is carried on by the %s, whose batch has links to it', (service, name, kind, batchKind, attributes) => {
    const part = ours().find((span) => span.service === `anamnesis-${service}` && span.name === name)!;
    expect(part).toMatchObject({ kind, parentSpanId: gateway().spanId });
    expect(part.attributes).toMatchObject({
      'messaging.system': 'kafka',
      'messaging.destination.name': 'anamnesis.patients',
      'messaging.operation.type': name.split(' ')[0],
      ...attributes,
    });
    const batch = spans.find(({ spanId }) => spanId === part.links[0]?.spanId)!;
    expect(batch).toMatchObject({ service: `anamnesis-${service}`, kind: batchKind, parentSpanId: '', failed: false });
    expect(batch.links).toContainEqual(linked(gateway()));
    expect(batch.attributes['messaging.batch.message_count']).toBeGreaterThan(0);
  });

  it('is one tree: every span has its parent in it', () => {
    const known = new Set([CALLER, ...ours().map(({ spanId }) => spanId)]);
    expect(ours().filter(({ parentSpanId }) => !known.has(parentSpanId))).toEqual([]);
    expect(new Set(ours().map(({ service }) => service))).toEqual(new Set(SERVICES.map((name) => `anamnesis-${name}`)));
  });

  it.each([
    ['gateway', 'http.server.request.duration', 's', { 'http.route': '/fhir/*', 'http.response.status_code': 201 }],
    ['gateway', 'http.client.request.duration', 's', { 'url.template': '/internal/decisions' }],
    ['gateway', 'db.client.operation.duration', 's', { 'db.operation.name': 'append' }],
    ['gateway', 'anamnesis.append.events', '{event}', {}],
    ['gateway', 'anamnesis.refusals', '{refusal}', { 'anamnesis.code': 'not-found' }],
    ['relay', 'messaging.client.operation.duration', 's', { 'messaging.operation.name': 'send' }],
    ['relay', 'messaging.client.sent.messages', '{message}', { 'messaging.destination.name': 'anamnesis.patients' }],
    ['relay', 'anamnesis.relay.lag', '{event}', { 'anamnesis.relay': 'log' }],
    ['relay', 'anamnesis.relay.delay', 's', { 'anamnesis.relay': 'log' }],
    ['projections', 'messaging.client.consumed.messages', '{message}', GROUP],
    ['projections', 'messaging.process.duration', 's', GROUP],
    ['projections', 'anamnesis.projection.lag', '{event}', { 'anamnesis.projection': 'records' }],
    ['projections', 'anamnesis.projection.delay', 's', { 'anamnesis.projection': 'records' }],
  ] as const)('%s measures %s in %s', (service, name, unit, attributes) => {
    const found = points.filter((point) => point.service === `anamnesis-${service}` && point.name === name);
    expect(found).toContainEqual(expect.objectContaining({ unit, attributes: expect.objectContaining(attributes) }));
  });

  it('is found in the logs by the trace’s id', () => {
    expect(logs['gateway']).toContain(TRACE);
    expect(logs['patients']).toContain(TRACE);
  });

  it('tells nothing of the patient: no name, no address, no search, no id', () => {
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    for (const text of [collector.text, ...Object.values(logs)]) {
      expect(text.length).toBeGreaterThan(0);
      expect(text).not.toContain(CANARY);
      expect(text).not.toContain(id);
    }
  });
});
