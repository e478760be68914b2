import { type Actor, type Fact, Fault, type Instant, newId } from '@anamnesis/kernel';
import { auditMonth, type KeyOwner, type KeyVault, open, seal } from '@anamnesis/key-vault';
import type { AccessSpool } from './access-spool.ts';

/** Access records of one piece of work, as they are committed later. */
export interface SpooledRecords {
  readonly id: string;
  readonly at: Instant;
  readonly actor: Actor;
  readonly correlation: string;
  readonly traceparent?: string;
  readonly facts: readonly Fact[];
}

interface Envelope {
  readonly id: string;
  readonly sealedBy: string;
  /** base64 */
  readonly sealed: string;
}

const contextOf = (id: string) => ({ stream: 'access-spool', id, type: 'AccessSpooled', schema: 1 });

/** Seals what goes into the spool under the month's audit key. */
export class SealedSpool {
  readonly #spool: AccessSpool;
  readonly #vault: KeyVault;
  #key: { readonly owner: KeyOwner; readonly bytes: Uint8Array } | undefined;

  constructor(spool: AccessSpool, vault: KeyVault) {
    this.#spool = spool;
    this.#vault = vault;
  }

  /** Has a key at hand before it is needed: on a full disk none can be made. */
  async prepare(at: Instant): Promise<void> {
    const owner: KeyOwner = { subject: auditMonth(at), dataClass: 'access' };
    if (this.#key?.owner.subject === owner.subject) return;
    this.#key = { owner, bytes: await this.#vault.ensure(owner) };
  }

  get isEmpty(): boolean {
    return this.#spool.isEmpty;
  }

  async append(records: Omit<SpooledRecords, 'id'>): Promise<void> {
    // Last month's key serves when this month's cannot be made now.
    await this.prepare(records.at).catch(() => undefined);
    if (!this.#key)
      throw new Fault('vault-unavailable', 'There is no key to seal access records with.', { retryable: true });
    const id = newId();
    const sealed = seal(this.#key.bytes, contextOf(id), JSON.stringify({ ...records, id }));
    const envelope: Envelope = {
      id,
      sealedBy: this.#key.owner.subject,
      sealed: Buffer.from(sealed).toString('base64'),
    };
    await this.#spool.append(Buffer.from(JSON.stringify(envelope)));
  }

  drain(take: (records: SpooledRecords) => Promise<void>): Promise<void> {
    return this.#spool.drain(async (bytes) => {
      const { id, sealedBy, sealed } = JSON.parse(Buffer.from(bytes).toString('utf8')) as Envelope;
      const key = await this.#vault.get({ subject: sealedBy, dataClass: 'access' });
      if (!key) throw new Fault('vault-key-wrong', 'The vault has no key for a spooled access record.');
      const text = open(key, contextOf(id), Buffer.from(sealed, 'base64')).toString('utf8');
      await take(JSON.parse(text) as SpooledRecords);
    });
  }

  close(): Promise<void> {
    return this.#spool.close();
  }
}
