import type { Command, Refusal } from '@anamnesis/kernel';

/** A parsed FHIR resource. */
export type Json = Readonly<Record<string, unknown>>;

/** A resource in the two forms a decision needs: the canonical text that is stored, and its parsed value. */
export interface ResourceVersion {
  /** Canonical text: `resourceType`, `id`, `meta` (without version and time), then the rest as it was sent. */
  readonly text: string;
  readonly value: Json;
}

interface Target {
  readonly resourceType: string;
  /** The FHIR id. */
  readonly id: string;
  /** The version the client says it saw (If-Match). */
  readonly ifMatch?: string;
  readonly reason?: string;
}

/** Stores a version of a resource: the first one, or the next. */
export type PutRecord = Command<
  'PutRecord',
  Target & { readonly resource: ResourceVersion; readonly origin?: 'imported' }
>;

/** Hides a resource; its history stays. */
export type DeleteRecord = Command<'DeleteRecord', Target>;

export type RecordCommand = PutRecord | DeleteRecord;

export type RecordRefusalCode =
  | 'version-conflict'
  | 'not-found'
  | 'entered-in-error'
  | 'signed'
  | 'merged'
  | 'merge-into-itself'
  | 'merge-target-merged'
  | 'not-merged'
  | 'duplicate-identifier'
  | 'not-admitted'
  | 'already-admitted'
  | 'encounter-ended'
  | 'status-change';

export type RecordRefusal = Refusal<RecordRefusalCode>;

/** What each refusal says; constants. */
export const RECORD_REFUSALS: Readonly<Record<RecordRefusalCode, string>> = {
  'version-conflict': 'The resource has another version than the one named in If-Match.',
  'not-found': 'There is no such resource.',
  'entered-in-error': 'The resource was entered in error and cannot be amended.',
  signed: 'What was signed, given or reported as final is not deleted: it is entered in error, with a reason.',
  merged: 'The patient record was merged into another one; write to the surviving record.',
  'merge-into-itself': 'A patient record cannot be merged into itself.',
  'merge-target-merged': 'The surviving patient record was itself merged into another one.',
  'not-merged': 'The two patient records are not merged.',
  'duplicate-identifier': 'Another patient of this facility has the same identifier.',
  'not-admitted': 'The patient was not admitted in this encounter.',
  'already-admitted': 'The patient was already admitted in this encounter.',
  'encounter-ended': 'The encounter has ended.',
  'status-change': 'The status cannot change in this way.',
};

/** A refusal by its code; texts are constants. */
export const refusal = (code: RecordRefusalCode, expressions?: readonly string[]): RecordRefusal => ({
  code,
  message: RECORD_REFUSALS[code],
  ...(expressions && { expressions }),
});
