import type { FaultCode } from '@anamnesis/kernel';
import type { RecordRefusalCode } from '@anamnesis/records';
import type { PROOF_PROBLEMS } from '@anamnesis/audit-service';
import type { CALLER_PROBLEMS } from '@anamnesis/identity';
import type { JsonProblemCode } from '@anamnesis/fhir/json';
import type { PatchProblemCode } from '@anamnesis/fhir/patch';
import type { ERASURE_REFUSALS, HOLD_REFUSALS } from '@anamnesis/patients-service';
import type { HTTP_PROBLEMS } from '@anamnesis/service';

/** What whoever meets a code should do. Total over each table: a new code does not compile without its line. */
type Advice<Code extends string> = Readonly<Record<Code, string>>;

export const FAULT_ADVICE: Advice<FaultCode> = {
  'store-unavailable':
    'Send it again after `Retry-After`. A write may have taken effect: an `Idempotency-Key` makes repeating it safe.',
  'store-full':
    'Operator: free space on the disk of the data folder. Reads go on while `audit/spool` has room for their access records; writes are taken again by themselves.',
  'store-read-only': 'Operator: the data folder must be writable by the account that the process runs as.',
  'store-corrupt':
    'Operator: stop, keep the folder as it is, run `anamnesis audit verify` on it, and restore the newest good copy.',
  'store-in-use': 'Operator: another process has the folder open. One process serves one folder.',
  'vault-unavailable': 'Send it again after `Retry-After`. Operator: see whether `keys/` can be read and written.',
  'vault-key-wrong': 'Operator: bring back the `keys/` folder that belongs to this log, whole and unmixed.',
  'key-destroyed': 'Nothing: the person was erased, and nobody can read this again.',
  'ledger-altered': 'Operator: the ledger of erasures fails its own check. Bring back an unaltered copy; find out who.',
  'ledger-unavailable': 'Operator: see whether the file that `ANAMNESIS_ERASURES` names can be read and written.',
  'event-altered':
    'Operator: run `anamnesis audit verify` with a checkpoint and the public key that are kept elsewhere.',
  'bus-unavailable': 'Send it again after `Retry-After`.',
  'read-model-behind':
    'Ask again: what was written is safe, searches are not that far yet. Operator: `anamnesis projections`.',
  'read-model-unavailable': 'Ask again after `Retry-After`. Reads by id go on. Operator: `anamnesis projections`.',
  'identity-unavailable': 'Ask again after `Retry-After`.',
  'service-unavailable':
    'Ask again after `Retry-After`. Operator: see which service is not ready; `/health/ready` of each says why.',
  'conflict-persists': 'Read the record again and repeat; somebody else keeps writing it.',
  overloaded: 'Wait for `Retry-After`, send fewer requests at once.',
  stopping: 'Send it again after `Retry-After`, to the process that takes over.',
};

export const HTTP_ADVICE: Advice<keyof typeof HTTP_PROBLEMS> = {
  'bad-request': 'Correct the request; `expressions` names the members that are wrong.',
  unauthenticated: 'Send `Authorization: Bearer <token>` with a token that has not expired.',
  forbidden: 'Ask in a role, facility and purpose of use that may; the denial is on record.',
  'not-found': 'Check the address and the id.',
  'method-not-allowed': 'Check the method.',
  'not-acceptable': 'Ask for JSON.',
  'request-timeout': 'Send it again, faster.',
  'body-too-large': 'Send less at once; `ANAMNESIS_BODY_BYTES` is the limit.',
  'url-too-long': 'Search by POST to `_search`.',
  'unsupported-media-type': 'Send JSON with its content type.',
  bug: 'Tell the operator the correlation id; the log has more under it.',
};

export const CALLER_ADVICE: Advice<(typeof CALLER_PROBLEMS)[number]['code']> = {
  'unknown-purpose': 'Use a code such as `TREAT`, `HPAYMT` or `HOPERAT`.',
  'no-role': 'Ask whoever keeps the accounts for a role.',
  'role-not-held': 'Name a role that the token carries, or leave the header out.',
  'facility-not-held': 'Name a facility that the token carries, or leave the header out.',
};

export const PROOF_ADVICE: Advice<(typeof PROOF_PROBLEMS)[number]['code']> = {
  'beyond-the-tree': 'Take a newer checkpoint: it says how many leaves there are.',
  'no-tree-size': 'Send `leaf`, `size`, `from` or `to` as whole numbers.',
};

export const RECORD_ADVICE: Advice<RecordRefusalCode> = {
  'version-conflict': 'Read the newest version, carry the change over, send its `ETag` in `If-Match`.',
  'not-found': 'Check the id.',
  'entered-in-error': 'Record what is right as a new resource.',
  signed: 'Store a version with the status `entered-in-error` instead.',
  merged: 'Write to the record that `Patient.link` (`replaced-by`) names.',
  'merge-into-itself': 'Name two records.',
  'merge-target-merged': 'Name the record that survives at the end of the links.',
  'not-merged': 'Check the two ids.',
  'duplicate-identifier': 'Find the other patient by the identifier; it may be the same person.',
  'not-admitted': 'Admit first: `in-progress` comes before leave and discharge.',
  'already-admitted': 'Discharge instead: `finished`.',
  'encounter-ended': 'Begin a new encounter, or reverse the discharge: `in-progress`.',
  'status-change': 'Take the step that the domain has for it; a merge is `POST /api/patients/{id}/merge`.',
};

export const ERASURE_ADVICE: Advice<keyof typeof ERASURE_REFUSALS> = {
  'erasure-unknown': 'Check the id that asking for it answered.',
  'erasure-same-officer': 'Let another compliance officer approve.',
  'erasure-already-approved': 'Nothing: it is done, or is being done.',
  'erasure-legal-hold': 'Wait until the hold is released.',
  'erasure-retention-running': 'Wait until retention has ended.',
  'erasure-retention-not-configured':
    'Operator: set `ANAMNESIS_RETENTION_CLINICAL_YEARS` and `ANAMNESIS_RETENTION_FINANCIAL_YEARS`.',
};

export const HOLD_ADVICE: Advice<keyof typeof HOLD_REFUSALS> = {
  'hold-stands': 'Nothing: it stands.',
  'hold-absent': 'Nothing: there is none.',
};

export const JSON_ADVICE: Advice<JsonProblemCode> = {
  'json-encoding': 'Send UTF-8.',
  'json-byte-order-mark': 'Leave the mark out.',
  'json-syntax': 'The answer says the line and the column.',
  'json-duplicate-key': 'Send each property once (R4 json.html).',
  'json-depth': 'Send less deeply nested JSON; `ANAMNESIS_NESTING` is the limit.',
  'json-character': 'Send whole characters, and no NUL.',
};

export const PATCH_ADVICE: Advice<PatchProblemCode> = {
  'patch-malformed': 'Send a list of operations as RFC 6902 has them.',
  'patch-too-large': 'Send the new version whole, by PUT.',
  'patch-path-missing': 'Read the newest version; paths are JSON Pointers (RFC 6901).',
  'patch-test-failed': 'Read the newest version and make the patch anew.',
  'patch-forbidden': 'Leave that operation out.',
  'patch-changes-identity': 'Leave `resourceType` and `id` as they are.',
};
