import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { extractEntries, matches, parseSearch, type Joins, type SearchedDocument } from '@anamnesis/fhir/search';
import { TestRecord, type Written } from './record.ts';

const folder = fileURLToPath(new URL('../../../../shared/data/synthea-r4/', import.meta.url));
const isHere = existsSync(folder);
/** So many of the bundles, the smaller ones first. */
const BUNDLES = 8;

interface Entry {
  readonly fullUrl: string;
  readonly resource: { readonly resourceType: string; readonly id: string } & Readonly<Record<string, unknown>>;
}

/** The resources of some patients, references resolved, as they are written. */
function resources(): Written[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json.gz'));
  const bundles = files
    .map((file) => gunzipSync(readFileSync(folder + file)).toString('utf8'))
    .sort((a, b) => a.length - b.length);
  return bundles.slice(0, BUNDLES).flatMap((text) => {
    const { entry } = JSON.parse(text) as { entry: readonly Entry[] };
    const names = new Map(entry.map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${resource.id}`]));
    const subject = entry.find(({ resource }) => resource.resourceType === 'Patient')?.resource.id;
    const linked = JSON.stringify(entry).replace(/urn:uuid:[0-9a-f-]{36}/g, (urn) => names.get(urn) ?? urn);
    return (JSON.parse(linked) as Entry[]).map(({ resource: { resourceType: type, id, meta: _, ...content } }) => ({
      type,
      id,
      content,
      ...(subject !== undefined && { subject }),
    }));
  });
}

const QUERIES: readonly (readonly [type: string, query: string])[] = [
  ['Patient', ''],
  ['Patient', 'gender=FEMALE'],
  ['Patient', 'gender:not=female'],
  ['Patient', 'birthdate=lt1970'],
  ['Patient', 'birthdate=ge1970-01-01&birthdate=le2000'],
  ['Patient', 'birthdate=ne1970'],
  ['Patient', 'birthdate=ap1980'],
  ['Patient', 'name:contains=a'],
  ['Patient', 'family:contains=an,er'],
  ['Patient', 'address-city=b'],
  ['Patient', 'deceased=true'],
  ['Patient', 'death-date:missing=true'],
  ['Patient', 'identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|x'],
  ['Patient', 'language:text=english'],
  ['Patient', 'phone:missing=false'],
  ['Patient', '_has:Observation:patient:code=http://loinc.org|8302-2'],
  ['Patient', '_has:Condition:patient:clinical-status=active'],
  ['Patient', '_has:Observation:patient:_has:DiagnosticReport:result:status=final'],
  ['Patient', '_has:Encounter:subject:date=gt2015'],
  ['Observation', 'code=8302-2'],
  ['Observation', 'code:text=body'],
  ['Observation', 'code:not=8302-2'],
  ['Observation', 'category=vital-signs&date=ge2015'],
  ['Observation', 'date=2016'],
  ['Observation', 'date=sa2016-06'],
  ['Observation', 'date=eb2012-01-01T00:00:00Z'],
  ['Observation', 'value-quantity=gt150'],
  ['Observation', 'value-quantity=lt20||kg'],
  ['Observation', 'value-quantity=ap80|http://unitsofmeasure.org|kg'],
  ['Observation', 'value-quantity=ne0'],
  ['Observation', 'value-quantity:missing=true'],
  ['Observation', 'code-value-quantity=http://loinc.org|29463-7$gt80'],
  ['Observation', 'component-code-value-quantity=8480-6$ge130'],
  ['Observation', 'combo-code-value-quantity=8462-4$lt70,29463-7$lt60'],
  ['Observation', 'combo-code=8462-4'],
  ['Observation', 'subject:Patient.gender=male&code=8302-2'],
  ['Observation', 'subject.name:contains=a'],
  ['Observation', 'patient.birthdate=lt1960'],
  ['Observation', 'encounter.class=AMB&date=gt2017'],
  ['Observation', 'encounter:Encounter.patient.gender=female&category=laboratory'],
  ['Observation', 'performer:missing=true'],
  ['Encounter', 'class=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB'],
  ['Encounter', 'status=finished&date=lt2010'],
  ['Encounter', 'type:text=encounter'],
  ['Encounter', '_has:Observation:encounter:code=8302-2'],
  ['Condition', 'clinical-status=http://terminology.hl7.org/CodeSystem/condition-clinical|resolved'],
  ['Condition', 'onset-date=gt2010&abatement-date:missing=true'],
  ['Condition', 'code:text=sinus'],
  ['MedicationRequest', 'status=stopped,completed'],
  ['MedicationRequest', 'authoredon=lt2010'],
  ['DiagnosticReport', 'result.code=2093-3'],
  ['DiagnosticReport', 'result.value-quantity=gt200'],
  ['Immunization', 'vaccine-code=140'],
  ['Claim', 'use=claim&patient.gender=male'],
  ['Claim', 'created=gt2018-06'],
  ['Procedure', 'date=ge2017-01-01'],
  ['CarePlan', '_text=care'],
];

(isHere ? describe : describe.skip)('the read store and the plain reading agree (needs shared/data/synthea-r4)', () => {
  let record: TestRecord;
  const documents: SearchedDocument[] = [];
  const byType = new Map<string, SearchedDocument[]>();
  const byName = new Map<string, SearchedDocument>();
  let telling = 0;
  const joins: Joins = { find: (type, id) => byName.get(`${type}/${id}`), all: (type) => byType.get(type) ?? [] };

  beforeAll(async () => {
    record = await TestRecord.open();
    const written = resources();
    for (let i = 0; i < written.length; i += 200) await record.write(...written.slice(i, i + 200));
    for (const { type, id, subject, content } of written) {
      const entries = extractEntries(type, { resourceType: type, id, ...content });
      documents.push({ type, id, lastUpdated: 0, entries, ...(subject !== undefined && { subject }) });
    }
    for (const document of documents) byName.set(`${document.type}/${document.id}`, document);
    for (const [type, own] of Map.groupBy(documents, (document) => document.type)) byType.set(type, own);
    await record.start();
    await record.caughtUp();
  });

  afterAll(async () => {
    await record.close();
  });

  it.each(QUERIES)('%s?%s', async (type, query) => {
    const parsed = await parseSearch(type, [...new URLSearchParams(query)], {
      handling: 'strict',
      now: Date.UTC(2026, 0, 1),
    });
    if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
    const { where } = parsed;
    const expected = joins.all(type) as readonly SearchedDocument[];
    const met = expected.filter((document) => !where || matches(where, document, joins)).map(({ id }) => id);
    const page = await record.records.query({ type, limit: 1_000, total: true, ...(where && { where }) });
    if (met.length > 0 && (query === '' || met.length < expected.length)) telling += 1;
    expect(page.total).toBe(met.length);
    expect(page.documents.map(({ id }) => id).sort()).toEqual(met.sort().slice(0, page.documents.length));
  });
  it('most of these queries tell documents apart', () => {
    expect(telling).toBeGreaterThan(QUERIES.length * 0.75);
  });
});
