import type { Client } from '../client.ts';
import { refused } from '../client.ts';

/**
 * Waits until searches show everything up to the client's position; the milliseconds it took, or undefined when they
 * had not got there within `patience`. The query asks for a count of nobody's data, so it discloses nothing.
 */
export async function catchUp(client: Client, patience: number): Promise<number | undefined> {
  const started = performance.now();
  do {
    const answer = await client.call('/fhir/Organization?_summary=count', {
      headers: { 'x-anamnesis-min-position': String(client.position) },
    });
    if (answer.status < 300) return performance.now() - started;
    if (answer.status !== 504 && answer.status !== 503) throw refused(answer.status, answer.text);
  } while (performance.now() - started < patience);
  return undefined;
}
