import { describe, expect, it } from '@jest/globals';
import {
  drawFrom,
  syntheticChart,
  syntheticCharts,
  syntheticNetwork,
  syntheticPatient,
  syntheticPatients,
  SMALLEST_CHART,
} from '../src/index.ts';

const size = (value: unknown): number => JSON.stringify(value).length;

describe('draws', () => {
  it('repeat from the same seed and differ from every other', () => {
    const bits = (...seed: (string | number)[]): string => {
      const draw = drawFrom(...seed);
      return Array.from({ length: 8 }, () => draw.bits()).join();
    };
    expect(bits('a', 1)).toBe(bits('a', 1));
    expect(new Set(Array.from({ length: 2_000 }, (_, index) => bits('a', index))).size).toBe(2_000);
  });

  it('fill their range evenly', () => {
    const draw = drawFrom('even');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i += 1) counts[draw.whole(0, 9)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(1_800);
    expect(Math.max(...counts)).toBeLessThan(2_200);
  });

  it('give ranked lists a common head and a rare tail, ends included', () => {
    const draw = drawFrom('ranked');
    const list = Array.from({ length: 50 }, (_, index) => index);
    const counts = new Array<number>(50).fill(0);
    for (let i = 0; i < 20_000; i += 1) counts[draw.pickRanked(list, 5)]! += 1;
    expect(counts[0]!).toBeGreaterThan(4 * counts[49]!);
    expect(counts[49]!).toBeGreaterThan(0);
  });

  it('make version 4 UUIDs', () => {
    expect(drawFrom('u').uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('a synthetic population', () => {
  it('is the same for the same seed, person by person, and another for another seed', () => {
    const people = [...syntheticPatients('s', 20)];
    expect(people).toEqual([...syntheticPatients('s', 20)]);
    expect(people[7]).toEqual(syntheticPatient('s', 7));
    expect([...syntheticPatients('s', 5, 7)]).toEqual(people.slice(7, 12));
    expect(syntheticPatient('t', 7)).not.toEqual(people[7]);
  });

  it('has as many medical record numbers as people', () => {
    const numbers = [...syntheticPatients('s', 3_000)].map((person) => person.identifier?.[0]?.value);
    expect(new Set(numbers).size).toBe(3_000);
  });

  it('has family names as a town has: none too common, a long tail, some trying', () => {
    const counts = new Map<string, number>();
    for (const person of syntheticPatients('town', 20_000)) {
      const family = person.name?.[0]?.family ?? '';
      counts.set(family, (counts.get(family) ?? 0) + 1);
    }
    const commonest = Math.max(...counts.values());
    expect(commonest).toBeGreaterThan(100);
    expect(commonest).toBeLessThan(400);
    expect(counts.size).toBeGreaterThan(2_000);
    expect(counts.get("O'Connell")).toBeGreaterThan(0);
    expect(counts.get('Nguyễn')).toBeGreaterThan(0);
  });

  it('has dates that exist and lie in order', () => {
    for (const person of syntheticPatients('dates', 2_000)) {
      expect(person.birthDate).toMatch(/^(19|20)\d\d-\d\d-\d\d$/);
      if (person.deceasedDateTime !== undefined) expect(person.deceasedDateTime >= person.birthDate!).toBe(true);
    }
  });
});

describe('a synthetic chart', () => {
  it('is the same for the same seed', () => {
    expect(syntheticChart({ seed: 's', index: 3 })).toEqual(syntheticChart({ seed: 's', index: 3 }));
    expect([...syntheticCharts({ seed: 's', count: 2, from: 3 })][0]).toEqual(syntheticChart({ seed: 's', index: 3 }));
  });

  it('is of the person with the same seed and index', () => {
    const { text: _, ...patient } = syntheticChart({ seed: 's', index: 3 }).entry![0]!.resource as { text?: unknown };
    expect(patient).toEqual(syntheticPatient('s', 3));
  });

  it.each([SMALLEST_CHART, 100, 1_200])('has exactly the %i resources asked for', (resources) => {
    expect(syntheticChart({ seed: 's', index: 0, resources }).entry).toHaveLength(resources);
  });

  it('refuses to be smaller than what every chart begins with', () => {
    expect(() => syntheticChart({ seed: 's', index: 0, resources: 5 })).toThrow(RangeError);
  });

  it('has every kind of clinical resource', () => {
    const types = new Set(
      syntheticChart({ seed: 's', index: 0, resources: 1_200 }).entry!.map((entry) => entry.resource!.resourceType),
    );
    expect([...types].sort()).toEqual([
      ...['AllergyIntolerance', 'CarePlan', 'Claim', 'Condition', 'Coverage', 'DiagnosticReport', 'Encounter'],
      ...[
        'Immunization',
        'Location',
        'MedicationRequest',
        'Observation',
        'Organization',
        'Patient',
        'Practitioner',
        'Procedure',
      ],
    ]);
  });

  it('refers only to what stands before it', () => {
    const seen = new Set<string>();
    for (const entry of syntheticChart({ seed: 's', index: 1, resources: 300 }).entry!) {
      for (const [, reference] of JSON.stringify(entry.resource).matchAll(/"reference":"([^"]+)"/g)) {
        expect(seen.has(reference!)).toBe(true);
      }
      seen.add(entry.fullUrl!);
    }
    expect(seen.size).toBe(300);
  });

  it('brings its resources to about the size asked for', () => {
    const mean = (bytes: number): number => {
      const entries = syntheticChart({ seed: 's', index: 0, resources: 300, bytes }).entry!;
      return entries.reduce((sum, entry) => sum + size(entry.resource), 0) / entries.length;
    };
    expect(mean(2_000)).toBeGreaterThan(1_950);
    expect(mean(2_000)).toBeLessThan(2_050);
    expect(mean(6_000)).toBeGreaterThan(5_900);
    expect(mean(6_000)).toBeLessThan(6_100);
    expect(mean(0)).toBeLessThan(1_100);
  });
});

describe('a synthetic network', () => {
  it('is a transaction of houses with their practitioners', () => {
    const network = syntheticNetwork({ seed: 's', houses: 3, practitioners: 4 });
    expect(
      network.entry!.map((entry) => entry.resource!.resourceType).filter((type) => type === 'Practitioner'),
    ).toHaveLength(12);
    expect(network.entry).toHaveLength(3 * (2 + 4));
  });
});
