import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  entry,
  filesHolding,
  outside,
  startServer,
  Team,
  transaction,
  type FhirClient,
  type Server,
} from '../src/index.ts';

/** Words that stand nowhere else; wherever one turns up, patient data has leaked. */
const CANARY = 'Kanarienvogel';
const WORDS = [CANARY, 'kanarienvogel', 'KANARIENVOGEL', '99887766554', 'Federkleid'];

(outside ? describe.skip : describe)('patient data', () => {
  let server: Server;
  let physician: FhirClient;
  let officer: FhirClient;
  const refusals: string[] = [];

  beforeAll(async () => {
    server = await startServer({ env: { ANAMNESIS_LOG_LEVEL: 'debug' } });
    const team = new Team(server);
    physician = await team.as('physician');
    officer = await team.as('compliance-officer');
    await use();
  }, 120_000);

  afterAll(() => server?.stop());

  const person = (more: object = {}) => ({
    resourceType: 'Patient',
    name: [{ family: CANARY, given: ['Federkleid'] }],
    identifier: [{ system: 'urn:canary', value: '99887766554' }],
    ...more,
  });

  /** Writes, reads, searches and fails with the words in every place that a request has. */
  async function use(): Promise<void> {
    const { status, body } = await physician.post('Patient', person());
    expect(status).toBe(201);
    const { id } = body;
    const fine = [
      physician.put(`Patient/${id}`, person({ id, gender: 'female' })),
      physician.put(`Patient/${CANARY}.${id.slice(0, 8)}`, person({ id: `${CANARY}.${id.slice(0, 8)}` })),
      physician.patch(`Patient/${id}`, [{ op: 'test', path: '/name/0/family', value: CANARY }]),
      physician.search(`Patient?family=${CANARY}&identifier=99887766554`),
      physician.search(`Patient?name:contains=${CANARY.toLowerCase()}`),
      physician.post('Patient', person(), { 'if-none-exist': `identifier=99887766554&family=${CANARY}&_count=1` }),
      physician.get(`Patient/${id}/$everything`),
      physician.post('Patient/$validate', person({ gender: 'x' })),
      officer.get('AuditEvent?_count=100'),
    ];
    await Promise.all(fine);
    const bad = [
      physician.post('Patient', person({ gender: CANARY })),
      physician.post('Patient', person({ birthDate: CANARY, [CANARY]: CANARY })),
      physician.post('Patient', `{"resourceType":"Patient","name":[{"family":"${CANARY}"`),
      physician.post('Patient', `{"resourceType":"Patient","${CANARY}":1,"${CANARY}":2}`),
      physician.post('Patient', person(), { 'content-type': `text/${CANARY}` }),
      physician.post('Patient', person(), { 'idempotency-key': `${CANARY} ${CANARY}` }),
      physician.put(`Patient/${id}`, person({ id }), { 'if-match': CANARY }),
      physician.patch(`Patient/${id}`, [{ op: CANARY, path: `/${CANARY}` }]),
      physician.patch(`Patient/${id}`, [{ op: 'test', path: '/name/0/given/0', value: CANARY }]),
      physician.patch(`Patient/${id}`, [{ op: 'remove', path: `/${CANARY}/x` }]),
      physician.get(`Patient?birthdate=${CANARY}`),
      physician.get(`Patient?gender:exact=${CANARY}`),
      physician.get(`Patient?_sort=${CANARY}&_include=${CANARY}&_count=${CANARY}`),
      physician.get(`Patient?_has:Observation:patient:date=${CANARY}`),
      physician.get(`Patient?_format=${CANARY}`),
      physician.get(`Patient?_cursor=${CANARY}`),
      physician.get(`Patient?_count=1`, { 'x-purpose-of-use': CANARY }),
      physician.get(`Patient?_count=1`, { 'x-facility': CANARY }),
      physician.get(`Patient?_count=1`, { 'x-anamnesis-min-position': CANARY }),
      physician.get(`Patient/${CANARY}`),
      physician.get(`Patient/${CANARY}_`),
      physician.get(`${CANARY}/${CANARY}`),
      physician.get(`Patient/${id}?_asOf=${CANARY}`),
      physician.get(`Patient/${id}/$${CANARY}`),
      physician.get(`Patient/${id}/_history/${CANARY}`),
      physician.send(CANARY.toUpperCase(), `Patient/${id}`).catch(() => physician.get('Nonsense')),
      physician.bundle(transaction(entry('POST', 'Patient', person({ gender: CANARY })))),
      physician.bundle(transaction(entry('POST', `${CANARY}?${CANARY}`, person()))),
      physician.bundle({ resourceType: 'Bundle', type: CANARY }),
      physician.bundle(
        transaction(
          entry('POST', 'Observation', {
            resourceType: 'Observation',
            status: 'final',
            code: { text: CANARY },
            subject: { reference: `Patient?family=${CANARY}x` },
          }),
        ),
      ),
      physician.get('Patient', { authorization: `Bearer ${CANARY}` }),
    ];
    for (const [index, answer] of (await Promise.all(bad)).entries()) {
      expect([index, answer.status >= 400]).toEqual([index, true]);
      refusals.push(answer.text);
    }
  }

  it('is in no answer that refuses', () => {
    for (const text of refusals) for (const word of WORDS) expect(text).not.toContain(word);
  });

  it('is in no line of the log, at its most talkative', () => {
    expect(server.output).toContain('"msg":"request"');
    for (const word of WORDS) expect(server.output).not.toContain(word);
  });

  it('is in no AuditEvent in the clear, but for the query that was asked', async () => {
    const { status, body } = await officer.search('AuditEvent?_count=1000');
    expect(status).toBe(200);
    const text = JSON.stringify(body, (key, value: unknown) => (key === 'query' ? undefined : value));
    for (const word of ['Federkleid', '99887766554']) expect(text).not.toContain(word);
  });

  it('lies unsealed in no file but the read models, before and after the end', async () => {
    const sealed = async () => {
      const holding = await filesHolding(server.folder, WORDS);
      return holding.filter((path) => !path.startsWith('read/'));
    };
    expect(await sealed()).toEqual([]);
    await server.stop({ keep: true });
    expect(await sealed()).toEqual([]);
  }, 60_000);
});
