import type { Instant, Position } from '@anamnesis/kernel';
import { AUDIT_PATH, type AuditCall } from './audit-protocol.ts';
import type { Peer } from './peer.ts';

/** The audit context in another process; `Page` is what a search of AuditEvents answers. */
export class RemoteAudit<Page, Search> {
  readonly #peer: Peer;

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  positionsOf(subjects: readonly string[], upTo: Position): Promise<readonly Position[]> {
    return this.#call('positionsOf', subjects, upTo);
  }

  positionAt(instant: Instant): Promise<Position> {
    return this.#call('positionAt', instant);
  }

  async read(id: string): Promise<{ readonly text: string } | undefined> {
    return (await this.#call<{ text: string } | null>('read', id)) ?? undefined;
  }

  search(pairs: readonly (readonly [string, string])[], page: Search): Promise<Page> {
    return this.#call('search', pairs, page);
  }

  async #call<T>(call: AuditCall, ...args: readonly unknown[]): Promise<T> {
    const { value } = await this.#peer.ask<{ value: T }>({ path: `${AUDIT_PATH}/${call}`, body: JSON.stringify(args) });
    return value;
  }
}
