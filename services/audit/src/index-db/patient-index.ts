import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Position } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';

const CACHED_SUBJECTS = 100_000;
const CACHED_STREAMS = 50_000;

/** The writing side of the indexes by patient: where their events lie, and which access records name them. */
export class PatientIndex {
  readonly #ids = new Map<string, number>();
  readonly #streams = new Map<string, number>();
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #putPosition: StatementSync;
  readonly #putStream: StatementSync;
  readonly #putDisclosure: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT id FROM subjects WHERE uuid = ?');
    this.#add = database.prepare('INSERT INTO subjects (uuid) VALUES (?)');
    this.#putPosition = database.prepare('INSERT OR IGNORE INTO subject_positions VALUES (?, ?)');
    this.#putStream = database.prepare('INSERT OR IGNORE INTO subject_streams VALUES (?, ?)');
    this.#putDisclosure = database.prepare('INSERT OR IGNORE INTO disclosures VALUES (?, ?, ?)');
  }

  /** The event belongs to the patient. */
  place(patient: string, { position, stream }: StoredEvent): void {
    const id = this.#idOf(patient);
    this.#putPosition.run(id, position);
    if (this.#streams.get(stream) === id) return;
    this.#putStream.run(id, stream);
    if (this.#streams.size >= CACHED_STREAMS) this.#streams.clear();
    this.#streams.set(stream, id);
  }

  /** The access record names the patient, `place`-th of all it names. */
  disclose(patient: string, position: Position, place: number): void {
    this.#putDisclosure.run(this.#idOf(patient), position, place);
  }

  #idOf(patient: string): number {
    const known = this.#ids.get(patient);
    if (known !== undefined) return known;
    const uuid = uuidBytes(patient);
    const row = this.#find.get(uuid) as { id: number } | undefined;
    const id = row?.id ?? Number(this.#add.run(uuid).lastInsertRowid);
    if (this.#ids.size >= CACHED_SUBJECTS) this.#ids.clear();
    this.#ids.set(patient, id);
    return id;
  }
}

export const uuidBytes = (uuid: string): Uint8Array => Buffer.from(uuid.replaceAll('-', ''), 'hex');
