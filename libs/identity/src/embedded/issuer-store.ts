import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Adapter, AdapterPayload } from 'oidc-provider';

const SWEEP_MS = 600_000;

type Row = { payload: string; consumed_at: number | null };

/**
 * Sessions, grants, codes and refresh tokens of the issuer in one SQLite file, so that a restart signs nobody out and
 * forgets no used refresh token. What has expired is swept out at start and every ten minutes.
 */
export class IssuerStore {
  readonly #database: DatabaseSync;
  readonly #timer: NodeJS.Timeout;
  readonly #now: () => number;
  readonly #statements: Readonly<
    Record<'upsert' | 'find' | 'findBy' | 'consume' | 'destroy' | 'revoke' | 'sweep', StatementSync>
  >;

  constructor(path: string, now: () => number = Date.now) {
    closeSync(openSync(path, 'a', 0o600)); // SQLite would make it readable by others; its side files follow it
    this.#now = now;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS item (
        model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL, lookup TEXT, grant_id TEXT,
        expires_at INTEGER, consumed_at INTEGER, PRIMARY KEY (model, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS item_lookup ON item (model, lookup) WHERE lookup IS NOT NULL;
      CREATE INDEX IF NOT EXISTS item_grant ON item (grant_id) WHERE grant_id IS NOT NULL;
      CREATE INDEX IF NOT EXISTS item_expiry ON item (expires_at) WHERE expires_at IS NOT NULL;
    `);
    const live = '(expires_at IS NULL OR expires_at > :now)';
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#statements = {
      upsert: prepare(`INSERT INTO item (model, id, payload, lookup, grant_id, expires_at)
        VALUES (:model, :id, :payload, :lookup, :grant, :expires) ON CONFLICT DO UPDATE SET
        payload = excluded.payload, lookup = excluded.lookup, grant_id = excluded.grant_id, expires_at = excluded.expires_at`),
      find: prepare(`SELECT payload, consumed_at FROM item WHERE model = :model AND id = :id AND ${live}`),
      findBy: prepare(`SELECT payload, consumed_at FROM item WHERE model = :model AND lookup = :lookup AND ${live}`),
      consume: prepare('UPDATE item SET consumed_at = :now WHERE model = :model AND id = :id'),
      destroy: prepare('DELETE FROM item WHERE model = :model AND id = :id'),
      revoke: prepare('DELETE FROM item WHERE grant_id = :grant'),
      sweep: prepare('DELETE FROM item WHERE expires_at <= :now'),
    };
    this.sweep();
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** Removes what has expired; answers how much that was. */
  sweep(): number {
    return Number(this.#statements.sweep.run({ now: this.#seconds() }).changes);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#database.close();
  }

  /** The store of one of oidc-provider's models. */
  adapter(model: string): Adapter {
    const { upsert, find, findBy, consume, destroy, revoke } = this.#statements;
    const byLookup = (lookup: string): Promise<AdapterPayload | undefined> =>
      Promise.resolve(payloadOf(findBy.get({ model, lookup, now: this.#seconds() })));
    return {
      upsert: async (id, payload, expiresIn) => {
        upsert.run({
          model,
          id,
          payload: JSON.stringify(payload),
          lookup: payload.userCode ?? payload.uid ?? null,
          grant: payload.grantId ?? null,
          expires: expiresIn ? this.#seconds() + expiresIn : null,
        });
      },
      find: async (id) => payloadOf(find.get({ model, id, now: this.#seconds() })),
      findByUserCode: byLookup,
      findByUid: byLookup,
      consume: async (id) => void consume.run({ model, id, now: this.#seconds() }),
      destroy: async (id) => void destroy.run({ model, id }),
      revokeByGrantId: async (grant) => void revoke.run({ grant }),
    };
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1_000);
  }
}

function payloadOf(row: Record<string, unknown> | undefined): AdapterPayload | undefined {
  if (row === undefined) return undefined;
  const { payload, consumed_at: consumed } = row as Row; // the table is STRICT, and only this class writes it
  return { ...(JSON.parse(payload) as AdapterPayload), ...(consumed !== null && { consumed }) };
}
