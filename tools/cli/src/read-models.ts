import type { Client } from './client.ts';

/** A read model as `/admin/projections` tells of it. */
export interface ReadModel {
  readonly model: string;
  readonly position: number;
  readonly head: number;
  readonly state: string;
  /** The events it could not take. */
  readonly poison: readonly unknown[];
}

type Told = Partial<ReadModel> & { readonly name?: string; readonly status?: string };

export async function readModels(client: Client): Promise<ReadModel[]> {
  const answer = await client.json<readonly Told[] | { projections?: readonly Told[]; head?: number }>(
    '/admin/projections',
  );
  const [models, head] = Array.isArray(answer)
    ? [answer as readonly Told[], undefined]
    : [(answer as { projections?: readonly Told[] }).projections ?? [], (answer as { head?: number }).head];
  return models.map((told) => ({
    ...told,
    model: told.model ?? told.name ?? '',
    position: told.position ?? 0,
    head: told.head ?? head ?? told.position ?? 0,
    state: told.state ?? told.status ?? '',
    poison: told.poison ?? [],
  }));
}
