import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { SealedJournal } from '@anamnesis/journal';
import { type Actor, newId } from '@anamnesis/kernel';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { type Audit, openAudit } from '../../src/open-audit.ts';
import type { AccessEntry, AccessFacts } from '@anamnesis/access';
import type { AuditEventResource } from '../../src/domain/audit-event.ts';
import type { AuditQuery } from '../../src/application/audit-trail.ts';
import { AccessRecorder, IdentityRecords } from '@anamnesis/access';
import { keptRawLog } from '../../src/raw-log.ts';
import { temporaryFolder, uuidOf } from '../audit-folder.ts';

const folder = temporaryFolder();
const anna = uuidOf('Anna');
const bert = uuidOf('Bert');
const nurse: Actor = { id: uuidOf('nurse'), role: 'nurse', purpose: 'TREAT', facility: 'north' };
const biller: Actor = { id: uuidOf('biller'), role: 'biller', purpose: 'HPAYMT' };
const observer = { site: 'ward server', observer: 'https://record.example/fhir' };
let store: EmbeddedEventStore;
let vault: EmbeddedKeyVault;
let audit: Audit;
let recorder: AccessRecorder;
let middle: number;

const record = (actor: Actor, type: AccessEntry['type'], facts: Partial<AccessFacts>): Promise<void> => {
  const requestId = newId();
  return recorder.record(
    { actor, correlation: requestId },
    { type, facts: { patients: [], from: '192.0.2.7', requestId, ...facts } },
  );
};

beforeAll(async () => {
  store = await EmbeddedEventStore.open({ folder: folder.path });
  vault = await EmbeddedKeyVault.open({ folder: folder.path });
  const journal = new SealedJournal(store, vault);
  recorder = new AccessRecorder({ journal, now: () => Date.now() });
  const raw = keptRawLog(store);
  audit = await openAudit({ folder: folder.path, head: store.headSignal, log: store, raw, keys: vault, observer });
  const write = (type: string, versionId: string) =>
    journal.commit(
      [
        {
          stream: `patient-${anna}`,
          expected: 'any',
          facts: [{ type, schema: 1, facts: { resourceType: 'Patient', id: anna, versionId } }],
          subject: anna,
          dataClass: 'clinical',
        },
      ],
      { command: newId(), actor: nurse, correlation: 'admission' },
    );
  await write('PatientRegistered', '1');
  await record(nurse, 'PatientDataRead', { interaction: 'read', resourceType: 'Patient', id: anna, patients: [anna] });
  middle = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await record(biller, 'PatientDataSearched', {
    interaction: 'search-type',
    resourceType: 'Patient',
    query: 'Patient?family=Müller',
    patients: [anna, bert],
    client: 'web',
  });
  await record(biller, 'AccessDenied', { interaction: 'read', resourceType: 'Condition', id: 'c1', reason: 'role' });
  await write('DemographicsCorrected', '2');
  await write('PatientDeleted', '3');
  await record(biller, 'DisclosureMade', { patients: [bert], recipient: 'health insurer', basis: 'consent' });
  const identity = new IdentityRecords(recorder);
  await identity.signedIn({ subject: nurse.id, username: 'nina', clientId: 'web', from: '192.0.2.8' });
  await identity.signInFailed({ clientId: 'web', reason: 'unknown-user', from: '192.0.2.9' });
  await audit.tree.waitFor(store.headSync(), 10_000, { disclosures: true });
});
afterAll(async () => {
  await audit.close();
  await store.close();
  await vault.close();
  folder.remove();
});

const search = async (query: Partial<AuditQuery>): Promise<readonly AuditEventResource[]> =>
  (await audit.trail.searchAuditEvents({ count: 100, ...query })).resources;
const ids = (resources: readonly AuditEventResource[]): string[] => resources.map(({ id }) => id);

describe('AuditEvents', () => {
  it('are one for each patient disclosed and one for each change, newest first', async () => {
    expect(ids(await search({}))).toEqual(['9.0', '8.0', '7.0', '6.0', '5.0', '4.0', '3.1', '3.0', '2.0', '1.0']);
  });

  it('are found by the patient they disclose or change', async () => {
    expect(ids(await search({ patient: anna }))).toEqual(['6.0', '5.0', '3.0', '2.0', '1.0']);
    expect(ids(await search({ patient: bert }))).toEqual(['7.0', '3.1']);
    expect(await search({ patient: uuidOf('nobody') })).toEqual([]);
  });

  it('are found by agent, role, action, type, subtype, outcome, date and any other condition, and all together', async () => {
    expect(ids(await search({ agent: biller.id }))).toEqual(['7.0', '4.0', '3.1', '3.0']);
    expect(await search({ agent: 'nobody' })).toEqual([]);
    expect(ids(await search({ role: 'nurse' }))).toEqual(['6.0', '5.0', '2.0', '1.0']);
    expect(await search({ role: 'nothing' })).toEqual([]);
    expect(ids(await search({ action: 'U' }))).toEqual(['5.0']);
    expect(ids(await search({ action: 'D' }))).toEqual(['6.0']);
    expect(ids(await search({ type: '110114' }))).toEqual(['9.0', '8.0']);
    expect(ids(await search({ subtype: 'search-type' }))).toEqual(['3.1', '3.0']);
    expect(ids(await search({ outcome: '8' }))).toEqual(['4.0']);
    expect(ids(await search({ dateTo: middle }))).toEqual(['2.0', '1.0']);
    expect(ids(await search({ dateFrom: middle + 1, patient: anna }))).toEqual(['6.0', '5.0', '3.0']);
    expect(await search({ dateFrom: Date.now() + 1_000 })).toEqual([]);
    expect(ids(await search({ patient: anna, agent: biller.id, action: 'E' }))).toEqual(['3.0']);
    expect(ids(await search({ where: ({ outcomeDesc }) => outcomeDesc === 'role' }))).toEqual(['4.0']);
  });

  it('come in pages that neither repeat nor skip, whatever the page size', async () => {
    const all = ids(await search({}));
    for (let count = 1; count <= all.length + 1; count += 1) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await audit.trail.searchAuditEvents({ count, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...ids(page.resources));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    }
  });

  it('refuse a count and a cursor that are none', async () => {
    for (const count of [0, -1, 1_001, 1.5, Number.NaN]) await expect(search({ count })).rejects.toThrow(RangeError);
    await expect(search({ cursor: 'x' })).rejects.toThrow(RangeError);
  });

  it('are read by id', async () => {
    expect(await audit.trail.readAuditEvent('3.1')).toEqual((await search({ patient: bert }))[1]);
    for (const id of ['3.2', '99.0', '0.0', 'x', '3', '03.0', '1.00']) {
      expect(await audit.trail.readAuditEvent(id)).toBeUndefined();
    }
  });

  it('follow the BALP pattern of a patient query', async () => {
    const [query] = await search({ patient: bert, subtype: 'search-type' });
    expect(query).toMatchObject({
      resourceType: 'AuditEvent',
      meta: { profile: ['https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientQuery'] },
      type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
      subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'search-type' }],
      action: 'E',
      outcome: '0',
      agent: [
        { type: { coding: [{ code: '110153' }] }, requestor: false, network: { address: '192.0.2.7', type: '2' } },
        { type: { coding: [{ code: '110152' }] }, requestor: false, network: { type: '5' } },
        {
          type: { coding: [{ code: 'IRCP' }] },
          who: { identifier: { value: biller.id } },
          requestor: true,
          purposeOfUse: [{ coding: [{ code: 'HPAYMT' }] }],
        },
      ],
      source: { site: 'ward server', observer: { identifier: { value: observer.observer } } },
      entity: [
        { type: { code: 'XrequestId' } },
        { role: { code: '24' }, query: Buffer.from('Patient?family=Müller').toString('base64') },
        { what: { reference: `Patient/${bert}` }, type: { code: '1' }, role: { code: '1' } },
      ],
    });
  });

  it('follow the BALP patterns of read, create, update, delete and disclosure', async () => {
    const profiles = async (id: string): Promise<unknown> =>
      ((await audit.trail.readAuditEvent(id))?.['meta'] as { profile?: string[] }).profile?.[0]?.split(
        'BasicAudit.',
      )[1];
    expect(await Promise.all(['1.0', '2.0', '5.0', '6.0', '7.0'].map(profiles))).toEqual([
      'PatientCreate',
      'PatientRead',
      'PatientUpdate',
      'PatientDelete',
      'PrivacyDisclosure.Source',
    ]);
    const read = await audit.trail.readAuditEvent('2.0');
    expect(read?.['agent']).toMatchObject([
      { type: { coding: [{ code: '110152' }] } },
      { type: { coding: [{ code: '110153' }] } },
      { type: { coding: [{ code: 'IRCP' }] }, location: { reference: 'Location/north' } },
    ]);
    const changed = await audit.trail.readAuditEvent('5.0');
    expect(changed?.['entity']).toMatchObject([
      { what: { identifier: { value: 'admission' } } },
      { what: { reference: `Patient/${anna}/_history/2` }, role: { code: '4' } },
      { what: { reference: `Patient/${anna}` }, role: { code: '1' } },
    ]);
  });
});

describe('the trail', () => {
  it('says who saw or changed a patient, once an event', async () => {
    const rows = await audit.trail.trail(anna);
    expect(rows.map(({ what }) => what)).toEqual([
      'PatientDeleted',
      'DemographicsCorrected',
      'PatientDataSearched',
      'PatientDataRead',
      'PatientRegistered',
    ]);
    expect(rows[2]).toMatchObject({ actor: biller.id, role: 'biller', purpose: 'HPAYMT', from: '192.0.2.7' });
    expect(rows[3]).toMatchObject({ resource: `Patient/${anna}`, facility: 'north', patients: [anna] });
    expect(await audit.trail.trail(anna, { limit: 2 })).toEqual(rows.slice(0, 2));
    expect(await audit.trail.trail(anna, { to: middle })).toEqual(rows.slice(3));
  });

  it('says what one member of staff touched', async () => {
    const rows = await audit.trail.activityOf(biller.id, { from: middle });
    expect(rows.map(({ what }) => what)).toEqual(['DisclosureMade', 'AccessDenied', 'PatientDataSearched']);
    expect(rows[0]).toMatchObject({ recipient: 'health insurer', patients: [bert] });
    expect(rows[2]).toMatchObject({ query: 'Patient?family=Müller', patients: [anna, bert] });
  });

  it('still says what the envelopes say when the keys are gone', async () => {
    const other = uuidOf('Carla');
    const journal = new SealedJournal(store, vault);
    const facts = [
      { type: 'PatientRegistered', schema: 1, facts: { resourceType: 'Patient', id: other, versionId: '1' } },
    ];
    await journal.commit(
      [{ stream: `patient-${other}`, expected: 'none', facts, subject: other, dataClass: 'clinical' }],
      {
        command: newId(),
        actor: nurse,
        correlation: 'c',
      },
    );
    await vault.destroy(other);
    await audit.tree.waitFor(store.headSync(), 10_000, { disclosures: true });
    const [row] = await audit.trail.trail(other);
    expect(row).toMatchObject({ what: 'PatientRegistered', actor: nurse.id, patients: [other] });
    expect(row).not.toHaveProperty('resource');
    expect(await search({ patient: other })).toHaveLength(1);
  });
});
