import { syntheticPatient } from '@anamnesis/testing';

/** A synthetic person, written once, so that the load costs little while it is measured. */
export interface WrittenPerson {
  readonly family: string;
  /** The body of a create. */
  readonly create: string;
  /** The body of an update: the same person with another telephone number. */
  update(id: string): string;
}

export function writtenPerson(seed: string, index: number): WrittenPerson {
  const patient = syntheticPatient(seed, index);
  const create = JSON.stringify(patient);
  const [head, ...tail] = create.split(patient.telecom![0]!.value!);
  const rest = tail.join('');
  const start = '{"resourceType":"Patient",';
  return {
    family: patient.name![0]!.family!,
    create,
    update: (id) => `${start}"id":"${id}",${head!.slice(start.length)}+1-555-555-0100${rest}`,
  };
}
