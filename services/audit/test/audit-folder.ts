import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeStored, type NewEvent } from '@anamnesis/event-store';
import { EmbeddedEventStore, openEmbeddedReader } from '@anamnesis/event-store/embedded';
import { derivedId, type EventMeta } from '@anamnesis/kernel';
import { CHECKPOINTS_FILE, CheckpointLog, openSigner, signCheckpoint } from '../src/checkpoint/index.ts';
import { DATABASE_FILE, openForWriting, Sequencer } from '../src/index-db/index.ts';

/** Stable ids for tests: the same name is the same id. */
export const uuidOf = (name: string): string => derivedId(name, 'test');

export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'anamnesis-audit-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function newEvent(id: string, patient: string | undefined, bytes = 200): NewEvent {
  const meta: EventMeta = {
    actor: { id: uuidOf('nurse'), role: 'nurse', purpose: 'TREAT' },
    ...(patient === undefined ? {} : { subject: patient }),
    dataClass: 'clinical',
    command: id,
    correlation: id,
  };
  const data = Buffer.alloc(bytes, id);
  return { id, type: 'ObservationRecorded', schema: 1, meta: JSON.stringify(meta), data };
}

/** Appends `count` events to about `count / 3` streams of ten patients, in batches. */
export async function appendEvents(store: EmbeddedEventStore, count: number, from = 0, bytes = 200): Promise<void> {
  const pending: Promise<unknown>[] = [];
  for (let at = from; at < from + count; at += 1) {
    const stream = `observation-${uuidOf(`stream ${Math.floor(at / 3)}`)}`;
    const event = newEvent(uuidOf(`event ${at}`), uuidOf(`patient ${at % 10}`), bytes);
    pending.push(store.append({ stream, expected: 'any', events: [event] }));
    if (pending.length >= 2_000) await Promise.all(pending.splice(0));
  }
  await Promise.all(pending);
}

/** A data folder with a log, as many events in it, and a store that was closed again. */
export async function folderWithLog(path: string, count: number): Promise<void> {
  const store = await EmbeddedEventStore.open({ folder: path });
  await appendEvents(store, count);
  await store.close();
}

/** Brings the folder's tree up to its log, signs a checkpoint, and answers it with the public key. */
export function sealFolder(path: string): { readonly checkpoint: string; readonly publicKey: string } {
  const folder = join(path, 'audit');
  mkdirSync(folder, { recursive: true });
  const signer = openSigner(folder);
  const database = openForWriting(join(folder, DATABASE_FILE));
  const sequencer = new Sequencer(database);
  const reader = openEmbeddedReader({ folder: path });
  for (;;) {
    const batch = reader.readRawSync(sequencer.through, 1_000);
    if (batch.length === 0) break;
    sequencer.append(
      batch.map(({ bytes, position }) => ({ bytes, event: decodeStored(bytes, position) })),
      () => undefined,
    );
  }
  const { size } = sequencer;
  const checkpoint = signCheckpoint({ size, root: sequencer.root() }, signer);
  const log = new CheckpointLog(join(folder, CHECKPOINTS_FILE));
  log.append({ at: 0, size, note: checkpoint });
  log.close();
  database.close();
  void reader.close();
  return { checkpoint, publicKey: signer.verifier.line };
}
