import type { Checkpoint, NoteVerifier, OpenedCheckpoint } from '../checkpoint/index.ts';
import { openCheckpoint, parseVerifier } from '../checkpoint/index.ts';
import { EMPTY_ROOT, sameHash, type SubtreeRoot, treeRoot } from '../tree/index.ts';
import { finding, type FindingCode, type Finding, type VerifyResult } from './findings.ts';
import { firstDifference } from './first-difference.ts';
import type { LeafHashes, LogAccount } from './log-account.ts';

/** What an officer brings: the texts of a checkpoint and of a public key, both possibly kept elsewhere. */
export interface Evidence {
  readonly checkpoint?: string;
  readonly publicKey?: string;
}

export interface OpenedEvidence {
  readonly checkpoint?: Checkpoint;
  readonly verifier?: NoteVerifier;
  readonly findings: readonly Finding[];
}

const REASONS: Readonly<Record<Exclude<OpenedCheckpoint, { ok: true }>['reason'], FindingCode>> = {
  malformed: 'checkpoint-malformed',
  'unknown-key': 'checkpoint-unknown-key',
  'bad-signature': 'checkpoint-bad-signature',
  'wrong-origin': 'checkpoint-wrong-origin',
};

/** Both are needed for a proof: a key without a checkpoint has nothing to say, and the reverse can be forged. */
export function openEvidence({ checkpoint, publicKey }: Evidence): OpenedEvidence {
  if (publicKey === undefined) return { findings: [] };
  const verifier = parseVerifier(publicKey);
  if (!verifier) return { findings: [finding('public-key-malformed')] };
  if (checkpoint === undefined) return { verifier, findings: [] };
  const opened = openCheckpoint(checkpoint, verifier);
  if (!opened.ok) return { verifier, findings: [finding(REASONS[opened.reason])] };
  return { verifier, checkpoint: opened.checkpoint, findings: [] };
}

export interface Comparison {
  readonly account: LogAccount;
  readonly leaves: LeafHashes;
  readonly evidence: OpenedEvidence;
  /** Further heads that the same key signed, oldest first; they narrow down where a fault lies. */
  readonly earlier?: readonly Checkpoint[];
  /** The folder's own tree. */
  readonly hints?: { readonly size: number; readonly subtrees: SubtreeRoot };
}

/** Compares the log with the evidence and puts everything that was found together. */
export function judge({ account, leaves, evidence, earlier = [], hints }: Comparison): VerifyResult {
  const subtrees = account.subtrees(leaves);
  const rootAt = (size: number): Uint8Array => (size === 0 ? EMPTY_ROOT : account.root(size, leaves));
  const agrees = ({ size, root }: { size: number; root: Uint8Array }): boolean =>
    size <= account.events && sameHash(rootAt(size), root);

  const { checkpoint } = evidence;
  if (checkpoint && !agrees(checkpoint)) {
    // Heads signed with the officer's own key are as good as his, as far as they agree with the log.
    const heads = [...earlier.filter(({ size }) => size < checkpoint.size), checkpoint];
    const differing = heads.find((head) => !agrees(head)) ?? checkpoint;
    const good = heads.filter((head) => head.size < differing.size && agrees(head)).at(-1)?.size ?? 0;
    const trusted = hints && hints.size >= differing.size ? hints.subtrees : noHints;
    const found = firstDifference(differing.root, differing.size, trusted, subtrees, account.events);
    reportDifference(account, differing.size, Math.max(found.leaf, good), found.before);
  } else if (hints && !checkpoint) {
    const size = Math.min(hints.size, account.events);
    const own = ownRoot(hints.subtrees, hints.size);
    if (hints.size > account.events) account.report('tree-differs', account.events + 1);
    else if (!own || !sameHash(rootAt(size), own)) {
      const at = own && firstDifference(own, size, hints.subtrees, subtrees, account.events);
      account.report('tree-differs', at && at.leaf + 1, at && at.before > at.leaf + 1 ? at.before : undefined);
    }
  }
  for (const head of checkpoint ? [] : earlier) {
    if (agrees(head)) continue;
    account.report(head.size > account.events ? 'log-cut' : 'earlier-root-differs', undefined, head.size);
    break;
  }

  const findings = [...evidence.findings, ...account.findings];
  const places = findings.flatMap(({ position, upTo }) =>
    position === undefined || upTo !== undefined ? [] : [position],
  );
  return {
    status: findings.length > 0 ? 'failed' : checkpoint ? 'verified' : 'self-consistent',
    events: account.events,
    ...(checkpoint ? { covered: checkpoint.size } : {}),
    root: rootAt(account.events),
    ...(places.length > 0 ? { firstBad: places.reduce((a, b) => Math.min(a, b)) } : {}),
    findings,
  };
}

/** Leaves `leaf` to `before - 1` hold the first difference; position = leaf + 1. What is missing is known in any case. */
function reportDifference(account: LogAccount, size: number, leaf: number, before: number): void {
  if (size > account.events) account.report('log-cut', account.events + 1);
  if (leaf >= account.events) return;
  if (before === leaf + 1) account.report('event-altered', leaf + 1);
  else if (size <= account.events) account.report('root-differs', leaf + 1, before);
}

const noHints: SubtreeRoot = () => {
  throw new RangeError('There are no hints.');
};

function ownRoot(subtrees: SubtreeRoot, size: number): Uint8Array | undefined {
  try {
    return size === 0 ? EMPTY_ROOT : treeRoot(subtrees, size);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
