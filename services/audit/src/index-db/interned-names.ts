import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { UNINTERNED } from './entry-block.ts';

/** What a name is of; part of the stored form. */
export const NAME_KINDS = { type: 0, actor: 1, role: 2, purpose: 3, facility: 4 } as const;
export type NameKind = keyof typeof NAME_KINDS;

/** 2^32 - 1 actors; of the others as many as their 16 bits hold. Far more than a network has; a bound all the same. */
const LIMITS: Readonly<Record<NameKind, number>> = {
  type: UNINTERNED - 1,
  actor: 0xffff_fffe,
  role: UNINTERNED - 1,
  purpose: UNINTERNED - 1,
  facility: UNINTERNED - 1,
};
const CACHED = 100_000;

/** Names as small numbers, counted from 1 within their kind; kept in the database by its one writer. */
export class InternedNames {
  readonly #known: Readonly<Record<NameKind, Map<string, number>>> = {
    type: new Map(),
    actor: new Map(),
    role: new Map(),
    purpose: new Map(),
    facility: new Map(),
  };
  readonly #next: Record<NameKind, number>;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT id FROM names WHERE kind = ? AND name = ?');
    this.#insert = database.prepare('INSERT INTO names (id, kind, name) VALUES (?, ?, ?)');
    const highest = database.prepare('SELECT coalesce(max(id), ?) AS id FROM names WHERE kind = ?');
    const next = (kind: NameKind): number =>
      (highest.get(rowId(kind, 0), NAME_KINDS[kind]) as { id: number }).id - rowId(kind, 0) + 1;
    this.#next = {
      type: next('type'),
      actor: next('actor'),
      role: next('role'),
      purpose: next('purpose'),
      facility: next('facility'),
    };
  }

  idOf(kind: NameKind, name: string): number {
    const cache = this.#known[kind];
    const known = cache.get(name);
    if (known !== undefined) return known;
    const row = this.#find.get(NAME_KINDS[kind], name) as { id: number } | undefined;
    const id = row === undefined ? this.#add(kind, name) : row.id - rowId(kind, 0);
    if (cache.size >= CACHED) cache.clear();
    cache.set(name, id);
    return id;
  }

  #add(kind: NameKind, name: string): number {
    const id = this.#next[kind];
    if (id > LIMITS[kind]) return LIMITS[kind] + 1;
    this.#insert.run(rowId(kind, id), NAME_KINDS[kind], name);
    this.#next[kind] = id + 1;
    return id;
  }
}

/** Row ids keep the kinds apart. */
export const rowId = (kind: NameKind, id: number): number => NAME_KINDS[kind] * 2 ** 40 + id;
