import type { Client } from './client.ts';

/** A read model as `/admin/projections` tells of it. */
export interface ReadModel {
  readonly model: string;
  /** `following` when all is well. */
  readonly state: string;
  readonly reason?: string;
  readonly position: number;
  readonly head: number;
  readonly lag: number;
  /** How many events it could not take, and the first of them. */
  readonly poisonCount: number;
  readonly poison: readonly unknown[];
  readonly rebuilding?: { readonly done: number; readonly total: number };
}

export const readModels = (client: Client): Promise<readonly ReadModel[]> => client.json('/admin/projections');

export const isSound = ({ state, poisonCount }: ReadModel): boolean => poisonCount === 0 && state !== 'failed';
