import type { Acknowledged } from './acknowledged.ts';
import { contentOf } from './content.ts';
import { get, historiesOf, historyOf, pages, snapshot, TYPES } from './reading.ts';
import { rebuildReadModel } from './rebuild.ts';
import type { RecordClient } from './record-client.ts';

/** Histories asked for at a time. */
const AT_ONCE = 8;

/** Nothing lost, nothing doubled: every version of every resource, against every acknowledged write. */
export async function checkStreams(client: RecordClient, acknowledged: Acknowledged): Promise<string[]> {
  const wrong: string[] = [];
  for (const type of TYPES) {
    const histories = await historiesOf(client, type);
    const names = new Set([...histories.keys(), ...acknowledged.names.filter((name) => name.startsWith(`${type}/`))]);
    for (const name of names) wrong.push(...acknowledged.differences(name, histories.get(name) ?? [], true));
  }
  return wrong;
}

/** The same of these resources alone; nothing is under way. */
export async function checkHistories(
  client: RecordClient,
  acknowledged: Acknowledged,
  names: readonly string[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const asked = names.slice(at, at + AT_ONCE);
    const found = await Promise.all(asked.map((name) => historyOf(client, name)));
    asked.forEach((name, index) => wrong.push(...acknowledged.differences(name, found[index]!, true)));
  }
  return wrong;
}

/** The read models hold what the streams hold, and what a clean rebuild makes of them, in every search. */
export async function checkReadModels(client: RecordClient, acknowledged: Acknowledged): Promise<string[]> {
  const wrong = await checkSearches(client, acknowledged);
  const before = await snapshot(client);
  wrong.push(...(await rebuildReadModel(client)));
  return [...wrong, ...differencesOf(before, await snapshot(client))];
}

/** Searches find every resource that stands, as it stands, once, and none else. */
async function checkSearches(client: RecordClient, acknowledged: Acknowledged): Promise<string[]> {
  const wrong: string[] = [];
  for (const type of TYPES) {
    const found = new Map<string, string>();
    for (const { resource } of await pages(client, `/fhir/${type}?_count=500`)) {
      const name = `${type}/${String(resource!['id'])}`;
      if (found.has(name)) wrong.push(`a search shows ${name} twice`);
      found.set(name, contentOf(resource));
    }
    for (const name of acknowledged.names) {
      if (name.startsWith(`${type}/`) && acknowledged.current(name) !== found.get(name)) {
        wrong.push(`the read model's ${name} is not the one in its stream`);
      }
      found.delete(name);
    }
    for (const name of found.keys()) wrong.push(`a search shows ${name}, which nobody wrote`);
  }
  return wrong;
}

function differencesOf(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string[] {
  const wrong: string[] = [];
  for (const [search, texts] of before) {
    const again = after.get(search)!;
    const same = texts.length === again.length && texts.every((text, index) => text === again[index]);
    if (!same) wrong.push(`a clean rebuild answers another thing to ${search} (${texts.length} then ${again.length})`);
  }
  return wrong;
}

/** The projections skipped nothing but what was made to be skipped. */
export async function checkPoison(client: RecordClient, expected = 0): Promise<string[]> {
  const answer = await get(client, '/admin/projections', 'operator');
  const states = JSON.parse(answer.text) as { model: string; poisonCount: number }[];
  return states
    .filter(({ poisonCount }) => poisonCount !== expected)
    .map(
      ({ model, poisonCount }) =>
        `${poisonCount} events of the log could not be projected into ${model}, instead of ${expected}`,
    );
}
