/**
 * The event envelope: what every stored event says outside its sealed data.
 *
 * Nothing here may identify a person: ids are opaque, instants are milliseconds since the Unix epoch (UTC).
 */

/** A place in the order of all events. Increases, may have gaps; 0 stands before the first event. */
export type Position = number;

/** A place in one stream, counted from 0. Increases, may have gaps. */
export type Revision = number;

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number;

/** Which data key seals an event's data; each class has its own retention. */
export type DataClass = 'clinical' | 'financial' | 'access';

/** Who acts: the verified caller, as events record it. */
export interface Actor {
  /** The identity provider's subject; opaque. */
  readonly id: string;
  readonly role: string;
  /** The facility the caller works in, where the caller named one. */
  readonly facility?: string;
  /** Purpose of use, a code of v3-PurposeOfUse, such as `TREAT`. */
  readonly purpose: string;
}

/** What the event says of itself in clear text; stored with it, never sealed. */
export interface EventMeta {
  readonly actor: Actor;
  /** The opaque id of the patient whose key seals the data; absent: the network's own key. */
  readonly subject?: string;
  readonly dataClass: DataClass;
  /** Whose key seals the data, where that is neither the subject's nor the network's: `audit-<yyyy-mm>`. */
  readonly sealedBy?: string;
  /** The id of the command that caused the event; a repeated command is found by it. */
  readonly command: string;
  /** What the whole piece of work is known by across services (a request id). */
  readonly correlation: string;
  /** The id of the event that caused it, where one did (a policy's reaction). */
  readonly causation?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** A fact as a decider states it, before it is placed in the log. */
export interface Fact {
  /** The clinical fact in the past tense, such as `PatientAdmitted`. */
  readonly type: string;
  /** The version of the type's data shape, from 1. */
  readonly schema: number;
  /** Small, structured facts of the event; JSON. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** A FHIR resource, whole, as JSON text, where the event carries one. */
  readonly resource?: string;
}

/** A fact with its envelope, as read from the log and opened. */
export interface RecordedFact extends Fact {
  readonly id: string;
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  /** When the log learned it; stamped at commit. */
  readonly recordedAt: Instant;
  readonly meta: EventMeta;
}
