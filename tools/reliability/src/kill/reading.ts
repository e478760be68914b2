import { setTimeout as wait } from 'node:timers/promises';
import type { History } from './acknowledged.ts';
import { contentOf } from './content.ts';
import { asksLater, type Answer, type RecordClient } from './record-client.ts';

export const TYPES = ['Patient', 'Observation'] as const;
/** Reads and writes everything. */
export const ROLE = 'integration';

const PATIENCE_MS = 30_000;
const LATER_MS = 250;

interface Bundle {
  readonly entry?: readonly Entry[];
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
}

interface Entry {
  readonly fullUrl: string;
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly response?: { readonly etag?: string };
}

/** Reads, again for a while when the record asks to come later. Throws on an answer other than 200. */
export async function get(client: RecordClient, path: string, role = ROLE): Promise<Answer> {
  let answer = await client.ask(role, { method: 'GET', path });
  const until = performance.now() + PATIENCE_MS;
  while (asksLater(answer) && performance.now() < until) {
    await wait(LATER_MS);
    answer = await client.ask(role, { method: 'GET', path });
  }
  if (answer.status !== 200) throw new Error(`GET ${path} was answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  return answer;
}

/** Every entry of a bundle that comes in pages. */
export async function pages(client: RecordClient, path: string, role = ROLE): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of eachPage(client, path, role)) entries.push(...page);
  return entries;
}

/** The entries of each page of a bundle. */
export async function* eachPage(client: RecordClient, path: string, role = ROLE): AsyncGenerator<readonly Entry[]> {
  for (let next: string | undefined = path; next !== undefined;) {
    const { entry, link }: Bundle = JSON.parse((await get(client, next, role)).text) as Bundle;
    yield entry ?? [];
    const url = link?.find(({ relation }) => relation === 'next')?.url;
    next = url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
  }
}

/** The history of one resource. */
export async function historyOf(client: RecordClient, name: string): Promise<History> {
  return (await pages(client, `/fhir/${name}/_history`)).map(versionIn);
}

/** Every version of every resource of a type, by resource. */
export async function historiesOf(client: RecordClient, type: string): Promise<Map<string, History>> {
  const versions = (await pages(client, `/fhir/${type}/_history?_count=500`)).map(versionIn);
  return Map.groupBy(versions, ({ name }) => name);
}

function versionIn({ fullUrl, resource, response }: Entry): History[number] {
  const version = Number(/^W\/"(\d+)"$/.exec(response?.etag ?? '')?.[1]);
  const name = fullUrl.split('/').slice(-2).join('/');
  return { name, version, content: resource && contentOf(resource) };
}

/** Searches that between them touch every kind of index entry these resources have. */
const SEARCHES = [
  ...TYPES.map((type) => `/fhir/${type}?_count=500`),
  '/fhir/Patient?gender=female&_count=500&_sort=family,_id',
  '/fhir/Patient?family=s&_count=500&_sort=-birthdate,_id',
  '/fhir/Patient?birthdate=ge1980&_count=500',
  '/fhir/Patient?identifier=urn:anamnesis:reliability:criterion%7C&_count=500',
  '/fhir/Patient?_has:Observation:patient:code=8867-4&_count=500',
  '/fhir/Observation?code=http://loinc.org%7C8867-4&value-quantity=gt72&_count=500',
  '/fhir/Observation?patient.gender=male&_count=500',
  '/fhir/Observation?date=2026-01-15&status=final&_count=500',
] as const;

/** What the read model answers: the texts of every search's resources, by search. */
export async function snapshot(client: RecordClient): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const search of SEARCHES) {
    const entries = await pages(client, search);
    // Without an order of its own a search promises none.
    const texts = entries.map(({ resource }) => JSON.stringify(resource));
    found.set(search, search.includes('_sort') ? texts : texts.sort());
  }
  return found;
}
