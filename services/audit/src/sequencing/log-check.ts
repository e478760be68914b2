import { Fault } from '@anamnesis/kernel';
import type { Checkpoint } from '../checkpoint/index.ts';
import type { Sequencer } from '../index-db/index.ts';
import type { RawLog } from '../raw-log.ts';
import { leafHash, sameHash } from '../tree/index.ts';

/** Whether the log's event at the end of the tree is the one that the tree has there. */
export async function continuesLog(sequencer: Sequencer, log: RawLog): Promise<boolean> {
  if (sequencer.size === 0) return true;
  const last = await log.readRawAt(sequencer.through);
  return last !== undefined && sameHash(leafHash(last.bytes), sequencer.lastLeaf());
}

/**
 * What the newest signed checkpoint says of the log, as far as the tree has come: `undefined` while it says nothing
 * yet. A log that ends before it is an older copy; one with another root was altered.
 */
export function agreesWith(checkpoint: Checkpoint, sequencer: Sequencer, atHead: boolean): boolean | undefined {
  if (sequencer.size < checkpoint.size) return atHead ? false : undefined;
  return sameHash(sequencer.root(checkpoint.size), checkpoint.root);
}

export const otherLog = (): Fault =>
  new Fault(
    'store-corrupt',
    'The log is not the one that was audited: it is an older copy, or it was altered. Run the verifier.',
  );
