/**
 * The writer's thread: it owns the only connection that writes. While one commit is syncing, messages gather in the
 * port; all of them make the next transaction.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers';
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { packOutcomes, readRequests } from './append-message.ts';
import { HeadSignal } from './head-signal.ts';
import { LogWriter } from './log-writer.ts';
import { openForWriting } from './log-database.ts';
import { toFault } from './sqlite-fault.ts';
import { checkTail } from './tail-check.ts';
import { WalCheckpoints } from './wal-checkpoints.ts';
import { toFailure, type FromWriter, type ToWriter, type WriterData } from './writer-messages.ts';

/** A transaction takes no more messages at this size: the first in it should not wait for a very large one. */
const GROUP_BYTES = 16 * 1024 * 1024;

/** Without work for so long (milliseconds), the writer checkpoints what little there is. */
const IDLE_MS = 250;

const { folder, limitBytes, head, port } = workerData as WriterData;
const signal = new HeadSignal(head);

try {
  const database = openForWriting(folder, limitBytes);
  checkTail(database);
  serve(database, new LogWriter(database));
} catch (error) {
  send({ kind: 'refused', failure: toFailure(toFault(error)) });
  port.close();
}

function serve(database: DatabaseSync, writer: LogWriter): void {
  const checkpoints = new WalCheckpoints(database);
  const inbox: Uint8Array<ArrayBuffer>[] = [];
  const idle = setTimeout(() => checkpoints.whenIdle(), IDLE_MS);
  let closing = false;

  const take = (message: ToWriter): void => {
    if (message === 'close') closing = true;
    else inbox.push(message);
  };
  port.on('message', (first: ToWriter) => {
    take(first);
    for (;;) {
      for (let more = receiveMessageOnPort(port); more !== undefined; more = receiveMessageOnPort(port)) {
        take(more.message as ToWriter);
      }
      if (inbox.length === 0) break;
      commitGroup(writer, inbox, checkpoints);
    }
    idle.refresh();
    if (!closing) return;
    clearTimeout(idle);
    checkpoints.last();
    database.close();
    send({ kind: 'closed' });
    port.close();
  });
  signal.advance(writer.head);
  send({ kind: 'ready' });
}

function commitGroup(writer: LogWriter, inbox: Uint8Array<ArrayBuffer>[], checkpoints: WalCheckpoints): void {
  let bytes = 0;
  let count = 0;
  while (count < inbox.length && bytes < GROUP_BYTES) bytes += inbox[count++]!.byteLength;
  const messages = inbox.splice(0, count);
  const requests = messages.flatMap(readRequests);
  try {
    const outcomes = packOutcomes(writer.commit(requests));
    signal.advance(writer.head);
    const spares = messages.map((message) => message.buffer);
    send({ kind: 'answers', outcomes, spares }, [outcomes.buffer, ...spares]);
  } catch (error) {
    send({ kind: 'failed', requests: requests.length, failure: toFailure(toFault(error)) });
  }
  checkpoints.afterCommit(bytes, requests.length);
}

function send(message: FromWriter, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
