import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownerOf } from '@anamnesis/contracts';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { SealedJournal } from '@anamnesis/journal';
import { newId, type Actor, type Fact, type Position } from '@anamnesis/kernel';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import type { ReadModelReader } from '@anamnesis/read-store';
import { openReadStore, type EmbeddedReadStore } from '@anamnesis/read-store/embedded';
import { RECORDS } from '@anamnesis/contracts';
import { Projections } from '../src/index.ts';

export const actor: Actor = { id: newId(), role: 'nurse', facility: 'north', purpose: 'TREAT' };

export interface Written {
  readonly type: string;
  readonly id: string;
  readonly version?: number;
  readonly subject?: string;
  /** Members of the resource beside type, id and meta; undefined: deleted. */
  readonly content?: Readonly<Record<string, unknown>> | undefined;
  readonly actor?: Actor;
}

/** A record of the real embedded parts in a folder of its own. */
export class TestRecord {
  readonly folder: string;
  readonly log: EmbeddedEventStore;
  readonly vault: EmbeddedKeyVault;
  readonly journal: SealedJournal;
  readonly store: EmbeddedReadStore;
  readonly records: ReadModelReader;
  projections: Projections | undefined;

  private constructor(
    folder: string,
    log: EmbeddedEventStore,
    vault: EmbeddedKeyVault,
    store: EmbeddedReadStore,
    records: ReadModelReader,
  ) {
    this.folder = folder;
    this.log = log;
    this.vault = vault;
    this.journal = new SealedJournal(log, vault);
    this.store = store;
    this.records = records;
  }

  static async open(): Promise<TestRecord> {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-projections-'));
    const log = await EmbeddedEventStore.open({ folder });
    const vault = await EmbeddedKeyVault.open({ folder });
    const store = openReadStore({ folder: join(folder, 'read') });
    return new TestRecord(folder, log, vault, store, await store.reader(RECORDS));
  }

  async start(): Promise<Projections> {
    const { folder, log, records, store } = this;
    this.projections = await Projections.start({
      folder,
      log,
      head: log.headSignal,
      records,
      board: store.board,
      restartMs: 50,
    });
    return this.projections;
  }

  write(...resources: readonly Written[]): Promise<Position> {
    return this.#commit(
      resources.map(({ type, id, version = 1, subject, content, actor: by }) => {
        const { kind, dataClass } = ownerOf(type)!;
        const facts = { resourceType: type, id, versionId: String(version) };
        const resource = content && JSON.stringify({ resourceType: type, id, meta: {}, ...content });
        const name = content ? (version === 1 ? 'Recorded' : 'Amended') : 'Deleted';
        const fact: Fact = { type: type + name, schema: 1, facts, ...(resource !== undefined && { resource }) };
        return { stream: `${kind}-${id}`, fact, subject, dataClass, by };
      }),
    );
  }

  erase(...subjects: readonly string[]): Promise<Position> {
    const fact: Fact = { type: 'PatientErased', schema: 1, facts: { subjects } };
    return this.#commit([
      { stream: `erasure-${newId()}`, fact, subject: undefined, dataClass: 'clinical', by: undefined },
    ]);
  }

  async #commit(
    writes: readonly {
      stream: string;
      fact: Fact;
      subject: string | undefined;
      dataClass: 'clinical' | 'financial' | 'access';
      by: Actor | undefined;
    }[],
  ): Promise<Position> {
    const pending = writes.map(({ stream, fact, subject, dataClass }) => ({
      stream,
      expected: 'any' as const,
      facts: [fact],
      dataClass,
      ...(subject !== undefined && { subject }),
    }));
    const work = { command: newId(), actor: writes[0]!.by ?? actor, correlation: newId() };
    const committed = await this.journal.commit(pending, work);
    if (!committed.ok) throw new Error('A test wrote against its own expectation.');
    return committed.position;
  }

  /** Waits until the read model reflects all that was written. */
  async caughtUp(): Promise<void> {
    await this.records.waitFor(await this.log.head(), 20_000);
  }

  async close(): Promise<void> {
    await this.projections?.stop();
    await this.records.close();
    await this.store.close();
    await this.vault.close();
    await this.log.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
