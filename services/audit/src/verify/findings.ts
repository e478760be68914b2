import type { Position } from '@anamnesis/kernel';

/** What can be wrong with a log, a checkpoint or a key; the text says it to an officer and never carries data. */
export const FINDINGS = {
  'event-altered': 'The stored bytes of this event are not those that the checkpoint covers.',
  'event-missing': 'An event is missing here.',
  'event-unreadable': 'The stored bytes here are no event of a known format.',
  'log-cut': 'The log ends before the checkpoint: its tail was cut, or the folder is an older copy.',
  'root-differs': 'The log differs from what the checkpoint covers.',
  'earlier-root-differs': 'The log differs from an earlier checkpoint that was signed with the same key.',
  'stream-order': 'The revisions of a stream do not count up in the order of the log.',
  'stream-index': "The index by which a stream is read does not agree with the event's own bytes.",
  'commit-times': 'The index of commit times does not agree with the events.',
  'store-damaged': "The database's own integrity check failed.",
  'store-unreadable': 'The log cannot be read from here on.',
  'tree-differs': "The folder's own tree does not agree with its log.",
  'checkpoint-malformed': 'The checkpoint is no signed note with a tree head.',
  'checkpoint-unknown-key': 'The checkpoint is not signed with this public key.',
  'checkpoint-bad-signature': "The checkpoint's signature is wrong: its text was changed.",
  'checkpoint-wrong-origin': 'The checkpoint is of another log.',
  'public-key-malformed': 'The public key is no note verifier key.',
  'log-malformed': 'The exported log is damaged or is none.',
} as const;

export type FindingCode = keyof typeof FINDINGS;

export interface Finding {
  readonly code: FindingCode;
  readonly message: string;
  /** The position it is about. */
  readonly position?: Position;
  /** Where only a range is known: the first fault lies at `position` or after it, and not after this one. */
  readonly upTo?: Position;
}

export interface VerifyResult {
  /**
   * `verified`: all that the checkpoint covers is as it was. `self-consistent`: nothing contradicts itself, but without
   * a checkpoint and a public key kept elsewhere that proves nothing against whoever can write to the folder.
   */
  readonly status: 'verified' | 'self-consistent' | 'failed';
  /** Events read. */
  readonly events: number;
  /** Events that the checkpoint covers. */
  readonly covered?: number;
  /** The root over all events read. */
  readonly root: Uint8Array;
  /** The first position that is known to be bad; absent where only a range is known. */
  readonly firstBad?: Position;
  /** At most `MAX_FINDINGS`, in the order of the log where they have a place in it. */
  readonly findings: readonly Finding[];
}

export const MAX_FINDINGS = 100;

export function finding(code: FindingCode, position?: Position, upTo?: Position): Finding {
  return {
    code,
    message: FINDINGS[code],
    ...(position === undefined ? {} : { position }),
    ...(upTo === undefined ? {} : { upTo }),
  };
}
