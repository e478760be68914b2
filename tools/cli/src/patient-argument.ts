import type { Client } from './client.ts';
import { failed, usage } from './exit.ts';
import type { Resource } from './fhir-pages.ts';

const FHIR_ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** The patient that an argument names: an id, `Patient/<id>`, or an identifier as `system|value`. */
export async function patientId(client: Client, argument: string): Promise<string> {
  const id = argument.replace(/^Patient\//, '');
  if (FHIR_ID.test(id)) return id;
  if (!argument.includes('|'))
    throw usage('A patient is named by id, by Patient/<id>, or by an identifier as system|value');
  const bundle = await client.json<{ entry?: readonly { resource?: Resource }[] }>(
    `/fhir/Patient?identifier=${encodeURIComponent(argument)}&_elements=id&_count=2`,
  );
  const found = (bundle.entry ?? []).flatMap(({ resource }) => resource?.id ?? []);
  if (found.length === 0) throw failed('No patient has that identifier');
  if (found.length > 1) throw failed('More than one patient has that identifier');
  return found[0]!;
}
