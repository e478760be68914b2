import type { Actor, Position } from '@anamnesis/kernel';
import type { Caller } from '@anamnesis/identity';

/** A FHIR request as the interactions see it: no HTTP library, no framework. */
export interface FhirRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path below the FHIR base, without a leading slash: `Patient/123/_history`. */
  readonly path: string;
  /** Decoded name and value pairs, in order. */
  readonly query: readonly (readonly [string, string])[];
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array;
  readonly caller: Caller;
  readonly actor: Actor;
  /** The request's correlation id. */
  readonly requestId: string;
  /** The network address the request came from. */
  readonly source?: string;
  readonly traceparent?: string;
  /** `https://host/fhir`, without a trailing slash. */
  readonly base: string;
}

export interface FhirResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

export const header = (request: FhirRequest, name: string): string | undefined => request.headers[name];

export const parameter = (request: Pick<FhirRequest, 'query'>, name: string): string | undefined =>
  request.query.find(([key]) => key === name)?.[1];

/** The position header of an answer that rests on the log up to there. */
export const at = (position: Position): Readonly<Record<string, string>> => ({
  'X-Anamnesis-Position': String(position),
});
