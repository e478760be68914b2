import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  all,
  collectPages,
  contains,
  Corpus,
  date,
  exactly,
  not,
  outside,
  patient,
  PREFIXES,
  refersTo,
  startServer,
  startsWith,
  Team,
  token,
  unstamped,
  valuesAt,
  type Entry,
  type FhirClient,
  type Predicate,
  type Resource,
  type Server,
} from '../src/index.ts';

const NAME = ['name.family', 'name.given', 'name.prefix', 'name.suffix', 'name.text'];
const UNITS = 'http://unitsofmeasure.org';
const IMPORT_LIMIT_MS = 600_000;
/** A stand-in for a database may be slow to search. */
const LIMIT_MS = outside ? 600_000 : 120_000;
/** What the corpora hold; in a record that is not ours alone others have stored some of these, too. */
const TYPES = [
  ...['AllergyIntolerance', 'CarePlan', 'CareTeam', 'Claim', 'Condition', 'DiagnosticReport', 'Encounter'],
  ...['ExplanationOfBenefit', 'Goal', 'ImagingStudy', 'Immunization', 'Location', 'MedicationRequest', 'Observation'],
  ...['Organization', 'Patient', 'Practitioner', 'PractitionerRole', 'Procedure', 'Appointment', 'Coverage'],
];

/** Imports a corpus over HTTP and compares the record's answers with those of a plain reading of what was sent. */
export function searchSuite(kind: 'synthea' | 'synthetic'): void {
  let server: Server;
  let client: FhirClient;
  let corpus: Corpus;
  const before = new Map<string, number>();

  beforeAll(async () => {
    server = await startServer();
    client = await new Team(server).as('integration');
    if (outside) for (const type of TYPES) before.set(type, await count(type));
    corpus = await Corpus.import(client, kind);
    await findable();
  }, IMPORT_LIMIT_MS);

  afterAll(() => server?.stop());

  /** Read models may need a while for so much at once; a search says that it would answer too early. */
  async function findable(): Promise<void> {
    for (;;) {
      const { status } = await client.searchAll('Patient?_summary=count');
      if (status === 200) return;
      expect(status).toBe(504);
    }
  }

  async function count(query: string): Promise<number> {
    const { body } = await client.search(`${query}${query.includes('?') ? '&' : '?'}_summary=count`);
    return body.total ?? NaN;
  }

  /** The matches of a query, all pages, as ids; what others stored in a record that is not ours alone left out. */
  async function found(query: string): Promise<string[]> {
    const entries = await collectPages(client, `${query}&_count=200`);
    const matches = entries.filter(({ search }) => search?.mode === 'match').map(({ resource }) => resource!);
    const ours = matches.filter(({ resourceType, id }) => corpus.at(`${resourceType}/${id}`));
    if (!outside) expect(ours).toHaveLength(matches.length);
    return ours.map(({ id }) => id);
  }

  function expected(type: string, predicate: Predicate): string[] {
    return corpus
      .of(type)
      .filter(predicate)
      .map(({ id }) => id);
  }

  /** Compares; that the oracle finds some, and not all, shows that the question tells something. */
  async function compare(query: string, predicate: Predicate, some = true): Promise<void> {
    const [type = ''] = query.split('?');
    const right = expected(type, predicate);
    if (some) expect([query, right.length > 0 && right.length < corpus.of(type).length]).toEqual([query, true]);
    expect([query, (await found(query)).sort()]).toEqual([query, right.sort()]);
  }

  /** The value that most resources of a type have at a path. */
  function commonest(type: string, path: string): string {
    const counts = new Map<string, number>();
    for (const value of corpus.of(type).flatMap((resource) => valuesAt(resource, path))) {
      counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
  }

  /** The id of the patient with the most conditions. */
  const mostIll = (): string => commonest('Condition', 'subject.reference').slice('Patient/'.length);
  const patients = () => corpus.of('Patient');
  const encoded = encodeURIComponent;
  const subjectOf = (resource: Resource) => corpus.at(valuesAt(resource, 'subject.reference')[0]);

  describe('what was imported', () => {
    it(
      'is there, type by type',
      async () => {
        for (const type of corpus.types) {
          expect([type, (await count(type)) - (before.get(type) ?? 0)]).toEqual([type, corpus.of(type).length]);
        }
      },
      LIMIT_MS,
    );

    it(
      'comes back field by field as it was sent',
      async () => {
        for (const type of corpus.types) {
          const entries = await collectPages(client, `${type}?_count=500`);
          const stored = new Map(entries.map(({ resource }) => [resource!.id, resource!]));
          for (const sent of corpus.of(type)) {
            const got = stored.get(sent.id);
            // Compared as text first: a deep comparison of every resource takes a minute.
            if (
              got === undefined ||
              JSON.stringify(sorted(unstamped(got))) !== JSON.stringify(sorted(unstamped(sent)))
            ) {
              expect(got && unstamped(got)).toEqual(unstamped(sent));
            }
          }
        }
      },
      LIMIT_MS,
    );
  });

  describe('search by name', () => {
    it('finds beginnings, whatever the case and the accents', async () => {
      const family = String(valuesAt(patients()[0], 'name.family')[0]);
      const given = String(valuesAt(patients()[1], 'name.given')[0]);
      await compare(`Patient?family=${encoded(family.toUpperCase())}`, startsWith(['name.family'], family));
      await compare(`Patient?name=${encoded(family.slice(0, 2))}`, startsWith(NAME, family.slice(0, 2)));
      await compare(`Patient?given=${encoded(given.toLowerCase())}`, startsWith(['name.given'], given));
      await compare('Patient?name=alc%C3%81ntar', startsWith(NAME, 'alcantar'), kind === 'synthea');
    });

    it('finds exactly, or anywhere inside', async () => {
      const family = String(valuesAt(patients()[0], 'name.family')[0]);
      await compare(`Patient?family:exact=${encoded(family)}`, exactly(['name.family'], family));
      await compare(
        `Patient?family:exact=${encoded(family.toLowerCase())}`,
        exactly(['name.family'], family.toLowerCase()),
        false,
      );
      await compare(`Patient?name:contains=${encoded(family.slice(1, 4))}`, contains(NAME, family.slice(1, 4)));
    });

    it('takes several values as either, several parameters as both', async () => {
      const [one, two] = [0, 1].map((index) => String(valuesAt(patients()[index], 'name.family')[0]));
      const either: Predicate = (resource) =>
        startsWith(['name.family'], one!)(resource) || startsWith(['name.family'], two!)(resource);
      await compare(`Patient?family=${encoded(one!)},${encoded(two!)}`, either);
      const gender = String(patients()[0]!['gender']);
      await compare(
        `Patient?family=${encoded(one!)},${encoded(two!)}&gender=${gender}`,
        all(either, (p) => p['gender'] === gender),
      );
    });
  });

  describe('search by identifier and code', () => {
    it('finds tokens with, without and only by their system', async () => {
      const { system, value } = valuesAt(patients()[0], 'identifier')[0] as { system: string; value: string };
      for (const wanted of [`${system}|${value}`, value]) {
        await compare(`Patient?identifier=${encoded(wanted)}`, token('identifier', wanted));
      }
      await compare(`Patient?identifier=${encoded(`${system}|`)}`, token('identifier', `${system}|`), false);
      await compare(
        `Patient?identifier=${encoded(`urn:none|${value}`)}`,
        token('identifier', `urn:none|${value}`),
        false,
      );
    });

    it('finds codes, and what has not a code', async () => {
      const code = commonest('Observation', 'code.coding.code');
      const system = commonest('Observation', 'code.coding.system');
      await compare(`Observation?code=${encoded(code)}`, token('code.coding', code));
      await compare(`Observation?code=${encoded(`${system}|${code}`)}`, token('code.coding', `${system}|${code}`));
      await compare(`Observation?code:not=${encoded(code)}`, not(token('code.coding', code)));
      await compare('Patient?gender=female', ({ gender }) => gender === 'female');
      await compare('Observation?category=laboratory', token('category.coding', 'laboratory'), kind === 'synthea');
      const text = commonest('Condition', 'code.coding.display').slice(0, 6);
      await compare(`Condition?code:text=${encoded(text)}`, startsWith(['code.text', 'code.coding.display'], text));
      await compare('Observation?value-quantity:missing=true', (o) => valuesAt(o, 'valueQuantity').length === 0);
    });
  });

  describe('search by date', () => {
    it(
      'knows every prefix, at every precision',
      async () => {
        const instant = String(valuesAt(corpus.of('Observation')[20], 'effectiveDateTime')[0]);
        for (const text of [instant.slice(0, 4), instant.slice(0, 7), instant.slice(0, 10), instant]) {
          for (const prefix of PREFIXES) {
            const shown = prefix === 'eq' ? '' : prefix;
            const predicate = date(['effectiveDateTime', 'effectivePeriod', 'effectiveInstant'], prefix, text);
            const query = `Observation?date=${shown}${encoded(text)}`;
            expect([query, await count(query)]).toEqual([query, expected('Observation', predicate).length]);
          }
        }
        await compare(`Observation?date=${encoded(instant)}`, date(['effectiveDateTime'], 'eq', instant));
      },
      LIMIT_MS,
    );

    it(
      'compares periods, and both ends of a span',
      async () => {
        const start = String(valuesAt(corpus.of('Encounter')[5], 'period.start')[0]).slice(0, 10);
        for (const prefix of PREFIXES) {
          await compare(`Encounter?date=${prefix}${start}`, date(['period'], prefix, start), false);
        }
        const [from, to] = ['1970', '1990'];
        await compare(
          `Patient?birthdate=ge${from}&birthdate=lt${to}`,
          all(date(['birthDate'], 'ge', from), date(['birthDate'], 'lt', to)),
        );
      },
      LIMIT_MS,
    );
  });

  describe('search by quantity and composites', () => {
    it('compares values of one unit', async () => {
      const { value, code } = quantities()[0]!;
      const compareWith =
        (test: (each: number) => boolean): Predicate =>
        (o) =>
          (valuesAt(o, 'valueQuantity') as Quantity[]).some(
            (q) => q.system === UNITS && q.code === code && test(q.value),
          );
      const asked = (prefix: string) =>
        `Observation?value-quantity=${prefix}${value}|${encoded(UNITS)}|${encoded(code)}`;
      await compare(
        asked('gt'),
        compareWith((each) => each > value),
      );
      await compare(
        asked('le'),
        compareWith((each) => each <= value),
      );
      await compare(
        asked('ge'),
        compareWith((each) => each >= value),
      );
      await compare(
        asked('lt'),
        compareWith((each) => each < value),
      );
    });

    it('binds the parts of a composite together', async () => {
      const middle = quantities().find(({ loinc, value }) =>
        quantities().some((q) => q.loinc === loinc && q.value < value),
      )!;
      const { loinc, value } = middle;
      await compare(
        `Observation?code-value-quantity=${encoded(`http://loinc.org|${loinc}`)}$lt${value}`,
        (o) =>
          token('code.coding', `http://loinc.org|${loinc}`)(o) &&
          (valuesAt(o, 'valueQuantity') as Quantity[]).some((q) => q.value < value),
      );
      const component = valuesAt(
        corpus.of('Observation').find(({ component: c }) => c),
        'component',
      )[0];
      const { code } = valuesAt(component, 'code.coding')[0] as { code: string };
      const limit = Math.round((valuesAt(component, 'valueQuantity')[0] as Quantity).value);
      await compare(
        `Observation?component-code-value-quantity=${code}$ge${limit}`,
        (o) =>
          valuesAt(o, 'component').some(
            (each) =>
              token('code.coding', code)(each as Resource) &&
              (valuesAt(each, 'valueQuantity') as Quantity[]).some((q) => q.value >= limit),
          ),
        false,
      );
    });

    interface Quantity {
      readonly value: number;
      readonly system?: string;
      readonly code: string;
      readonly loinc: string;
    }

    const quantities = (): Quantity[] =>
      corpus
        .of('Observation')
        .flatMap((o) =>
          (valuesAt(o, 'valueQuantity') as Quantity[])
            .filter(({ system, code }) => system === UNITS && code !== undefined)
            .map((q) => ({ ...q, loinc: String(valuesAt(o, 'code.coding.code')[0]) })),
        );
  });

  describe('search by reference', () => {
    it('finds by id, by type and id, and by address', async () => {
      const id = mostIll();
      const predicate = refersTo('subject', `Patient/${id}`);
      for (const query of [
        `subject=Patient/${id}`,
        `patient=${id}`,
        `subject=${encoded(`${client.base}/Patient/${id}`)}`,
        `subject:Patient=${id}`,
      ]) {
        await compare(`Condition?${query}`, predicate);
      }
      await compare(`Condition?patient=${randomUUID()}`, () => false, false);
    });

    it(
      'follows chains, forwards and backwards',
      async () => {
        const family = String(valuesAt(corpus.at(`Patient/${mostIll()}`), 'name.family')[0]);
        const ofFamily: Predicate = (r) => startsWith(['name.family'], family)(subjectOf(r)!);
        await compare(`Condition?patient.family=${encoded(family)}`, ofFamily);
        await compare(`Condition?subject:Patient.gender=male`, (r) => subjectOf(r)!['gender'] === 'male');
        const code = commonest('Condition', 'code.coding.code');
        const having = new Set(
          expected('Condition', token('code.coding', code)).map((id) => subjectOf(corpus.at(`Condition/${id}`)!)!.id),
        );
        await compare(`Patient?_has:Condition:patient:code=${code}`, ({ id }) => having.has(id), false);
        await compare(
          `Patient?_has:Condition:patient:code=${code}&gender=female`,
          ({ id, gender }) => having.has(id) && gender === 'female',
          false,
        );
        const encounterClass = commonest('Encounter', 'class.code');
        await compare(`Condition?encounter.class=${encounterClass}&patient.gender=female`, (r) => {
          const encounter = corpus.at(valuesAt(r, 'encounter.reference')[0]);
          return (
            encounter !== undefined &&
            valuesAt(encounter, 'class.code').includes(encounterClass) &&
            subjectOf(r)!['gender'] === 'female'
          );
        });
        const nested = new Set(
          corpus
            .of('Condition')
            .filter((r) =>
              valuesAt(corpus.at(valuesAt(r, 'encounter.reference')[0]), 'class.code').includes(encounterClass),
            )
            .map((r) => subjectOf(r)!.id),
        );
        await compare(
          `Patient?_has:Condition:patient:encounter.class=${encounterClass}`,
          ({ id }) => nested.has(id),
          false,
        );
      },
      LIMIT_MS,
    );
  });

  describe('includes', () => {
    const included = (entries: readonly Entry[]) =>
      entries
        .filter(({ search }) => search?.mode === 'include')
        .map(({ resource }) => `${resource!.resourceType}/${resource!.id}`);

    it('bring what a page refers to and what refers to it, each once', async () => {
      const id = mostIll();
      const forward = await client.search(
        `Encounter?patient=${id}&_count=5&_include=Encounter:patient&_include=Encounter:service-provider`,
      );
      const page = (forward.body.entry ?? []).filter(({ search }) => search?.mode === 'match');
      const providers = page.flatMap(({ resource }) => valuesAt(resource, 'serviceProvider.reference'));
      expect(included(forward.body.entry ?? []).sort()).toEqual([...new Set([`Patient/${id}`, ...providers])].sort());
      const backward = await client.search(`Patient?_id=${id}&_revinclude=Condition:subject`);
      const conditions = expected('Condition', refersTo('subject', `Patient/${id}`)).map((each) => `Condition/${each}`);
      expect(included(backward.body.entry ?? []).sort()).toEqual(conditions.sort());
    });

    it('go on with :iterate, and not without', async () => {
      const report = corpus.of('DiagnosticReport')[0]!;
      const results = valuesAt(report, 'result.reference').map(String);
      const encounters = results.map((each) => valuesAt(corpus.at(each), 'encounter.reference')[0]);
      const base = `DiagnosticReport?_id=${report.id}&_include=DiagnosticReport:result`;
      const once = await client.search(base);
      expect(included(once.body.entry ?? []).sort()).toEqual([...new Set(results)].sort());
      expect((await client.get(`${base}&_include=Observation:encounter`)).status).toBe(400);
      const iterated = await client.search(`${base}&_include:iterate=Observation:encounter`);
      expect(included(iterated.body.entry ?? []).sort()).toEqual([...new Set([...results, ...encounters])].sort());
    });

    it('refuse what is no parameter of the type', async () => {
      expect((await client.get('Patient?_include=Patient:nothing', { prefer: 'handling=strict' })).status).toBe(400);
    });
  });

  describe('order and pages', () => {
    it('sort by several keys, each in its direction, through all pages', async () => {
      const sortedBy = async (sort: string) => {
        const entries = await collectPages(client, `Patient?_sort=${sort}&_count=7`);
        return entries.map(({ resource }) => resource!).filter(({ id }) => corpus.at(`Patient/${id}`));
      };
      const byBirth = await sortedBy('-birthdate');
      expect(byBirth).toHaveLength(patients().length);
      const births = byBirth.map(({ birthDate }) => String(birthDate));
      expect(births).toEqual([...births].sort().reverse());
      const keys = (await sortedBy('gender,-birthdate')).map(({ gender, birthDate }) => [
        String(gender),
        String(birthDate),
      ]);
      const right = [...keys].sort(([g1, b1], [g2, b2]) =>
        g1! < g2! ? -1 : g1! > g2! ? 1 : b1! < b2! ? 1 : b1! > b2! ? -1 : 0,
      );
      expect(keys).toEqual(right);
      expect((await client.get('Patient?_sort=nothing')).status).toBe(400);
    });

    it('count as they are asked to', async () => {
      const total = (await client.search('Patient?_total=accurate&_count=3')).body;
      expect([total.total, total.entry?.length]).toEqual([(before.get('Patient') ?? 0) + patients().length, 3]);
      const zero = (await client.search('Patient?_count=0')).body;
      expect([zero.total, zero.entry]).toEqual([total.total, undefined]);
      expect((await client.get('Patient?_count=-1')).status).toBe(400);
      const many = await client.search('Patient?_count=5000');
      expect(many.body.entry).toHaveLength(Math.min(1_000, total.total!));
    });

    it('answer a search by POST as one by GET', async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const posted = await client.post<{ total: number }>('Patient/_search', 'gender=female&_summary=count', form);
      expect([posted.status, posted.body.total]).toEqual([200, await count('Patient?gender=female')]);
      const next = (await client.search('Patient?_count=2')).body.link?.map(({ relation }) => relation);
      expect(next).toEqual(['self', 'next']);
    });

    it(
      'stay whole while others write: nothing twice, nothing left out',
      async () => {
        const made: string[] = [];
        for (const sort of ['', '&_sort=birthdate', '&_sort=-_lastUpdated', '&_sort=family']) {
          const entries = await collectPages(client, `Patient?_count=5${sort}`, async () => {
            const { body } = await client.post('Patient', patient({ birthDate: '1975-05-05' }));
            made.push(body.id);
            if (made.length % 2 === 0) await client.delete(`Patient/${made.shift()!}`);
          });
          const ids = entries.map(({ resource }) => resource!.id);
          expect([sort, new Set(ids).size]).toEqual([sort, ids.length]);
          expect([sort, patients().filter(({ id }) => !ids.includes(id))]).toEqual([sort, []]);
        }
      },
      LIMIT_MS,
    );
  });
}

/** The same value with its members in order, so that texts can be compared. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, item]) => [key, sorted(item)]));
}
