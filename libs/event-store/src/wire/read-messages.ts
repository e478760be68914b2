/** The messages of a read that are not events. */
import { randomUUID } from 'node:crypto';
import type { Position, Revision } from '@anamnesis/kernel';
import { shared, streams } from './protocol.ts';

const { ReadResp } = streams;

export function confirmation(): Buffer {
  const message = new ReadResp.SubscriptionConfirmation();
  message.setSubscriptionId(randomUUID());
  return bytes(new ReadResp().setConfirmation(message));
}

export function caughtUp(): Buffer {
  return bytes(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));
}

export function fellBehind(): Buffer {
  return bytes(new ReadResp().setFellBehind(new ReadResp.FellBehind()));
}

export function checkpoint(position: Position): Buffer {
  const message = new ReadResp.Checkpoint();
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  return bytes(new ReadResp().setCheckpoint(message));
}

export function streamNotFound(stream: string): Buffer {
  const message = new ReadResp.StreamNotFound();
  message.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream)));
  return bytes(new ReadResp().setStreamNotFound(message));
}

export function firstStreamPosition(revision: Revision): Buffer {
  return bytes(new ReadResp().setFirstStreamPosition(String(revision)));
}

export function lastStreamPosition(revision: Revision): Buffer {
  return bytes(new ReadResp().setLastStreamPosition(String(revision)));
}

function bytes(message: InstanceType<typeof ReadResp>): Buffer {
  return Buffer.from(message.serializeBinary());
}
