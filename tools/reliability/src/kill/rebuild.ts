import type { RecordClient } from './record-client.ts';

/** Builds the read model anew from the log. Answers what is wrong with how that ended. */
export async function rebuildReadModel(client: RecordClient): Promise<string[]> {
  const asked = { method: 'POST', path: '/admin/projections/records/rebuild' } as const;
  const { status, text } = await client.ask('operator', asked);
  const end = JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as { done?: number; total?: number };
  const well = status === 200 && end.done !== undefined && end.done === end.total;
  return well ? [] : [`the rebuild did not end well: ${status} ${text.slice(-300)}`];
}
