import type { Acknowledged } from './acknowledged.ts';
import { contentOf } from './content.ts';
import { get, historiesOf, pages, snapshot, TYPES } from './reading.ts';
import type { RecordClient } from './record-client.ts';

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

/** The read models hold what the streams hold, and what a clean rebuild makes of them, in every search. */
export async function checkReadModels(client: RecordClient, acknowledged: Acknowledged): Promise<string[]> {
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
  const before = await snapshot(client);
  const rebuilt = await client.ask('operator', { method: 'POST', path: '/admin/projections/records/rebuild' });
  const end = JSON.parse(rebuilt.text.trim().split('\n').at(-1) ?? '{}') as { done?: number; total?: number };
  if (rebuilt.status !== 200 || end.done === undefined || end.done !== end.total) {
    return [...wrong, `the rebuild did not end well: ${rebuilt.status} ${rebuilt.text.slice(-300)}`];
  }
  const after = await snapshot(client);
  for (const [search, texts] of before) {
    const again = after.get(search)!;
    const same = texts.length === again.length && texts.every((text, index) => text === again[index]);
    if (!same) wrong.push(`a clean rebuild answers another thing to ${search} (${texts.length} then ${again.length})`);
  }
  return wrong;
}

/** The projections skipped nothing. */
export async function checkPoison(client: RecordClient): Promise<string[]> {
  const answer = await get(client, '/admin/projections', 'operator');
  const states = JSON.parse(answer.text) as { model: string; poisonCount: number }[];
  return states
    .filter(({ poisonCount }) => poisonCount > 0)
    .map(({ model, poisonCount }) => `${poisonCount} events of the log could not be projected into ${model}`);
}
