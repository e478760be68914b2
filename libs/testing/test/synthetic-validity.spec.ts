import { describe, expect, it } from '@jest/globals';
import { validateResource } from '@anamnesis/fhir/validation';
import { syntheticChart, syntheticCharts, syntheticNetwork, syntheticPatients } from '../src/index.ts';

/** The faults of one value, warnings included, each once. */
const faults = (values: Iterable<unknown>): string[] => {
  const found = new Set<string>();
  for (const value of values) {
    for (const { expression, diagnostics } of validateResource(value)) found.add(`${expression}: ${diagnostics}`);
  }
  return [...found];
};

describe('synthetic records are valid FHIR R4', () => {
  it('patients', () => expect(faults(syntheticPatients('valid', 1_500))).toEqual([]));

  it('charts, whole and entry by entry', () => {
    const charts = [
      ...syntheticCharts({ seed: 'valid', count: 5, resources: 400 }),
      syntheticChart({ seed: 'v', index: 0, bytes: 9_000 }),
    ];
    expect(faults(charts)).toEqual([]);
    expect(faults(charts.flatMap((chart) => chart.entry!.map((entry) => entry.resource)))).toEqual([]);
  });

  it('networks', () => {
    const network = syntheticNetwork({ seed: 'valid' });
    expect(faults([network, ...network.entry!.map((entry) => entry.resource)])).toEqual([]);
  });

  it('and the check finds a fault where there is one', () => {
    const [patient] = syntheticPatients('valid', 1);
    expect(faults([{ ...patient, birthDate: '1980-02-30' }])).not.toEqual([]);
  });
});
