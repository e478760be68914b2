import type { ResourceType } from './model/resource-type.ts';

/** The few R4 shapes that the servers' own code reads or writes; all else of a resource is validated JSON. */
export interface Element {
  readonly id?: string;
  readonly extension?: readonly Extension[];
}

export interface Extension extends Element {
  readonly url: string;
  readonly [value: `value${string}`]: unknown;
}

export interface Coding extends Element {
  readonly system?: string;
  readonly version?: string;
  readonly code?: string;
  readonly display?: string;
  readonly userSelected?: boolean;
}

export interface CodeableConcept extends Element {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}

export interface Period extends Element {
  readonly start?: string;
  readonly end?: string;
}

export interface Identifier extends Element {
  readonly use?: 'usual' | 'official' | 'temp' | 'secondary' | 'old';
  readonly type?: CodeableConcept;
  readonly system?: string;
  readonly value?: string;
  readonly period?: Period;
  readonly assigner?: Reference;
}

export interface Reference extends Element {
  readonly reference?: string;
  readonly type?: string;
  readonly identifier?: Identifier;
  readonly display?: string;
}

export interface Meta extends Element {
  readonly versionId?: string;
  readonly lastUpdated?: string;
  readonly source?: string;
  readonly profile?: readonly string[];
  readonly security?: readonly Coding[];
  readonly tag?: readonly Coding[];
}

export interface Resource {
  readonly resourceType: ResourceType;
  readonly id?: string;
  readonly meta?: Meta;
  readonly implicitRules?: string;
  readonly language?: string;
}

export interface HumanName extends Element {
  readonly use?: 'usual' | 'official' | 'temp' | 'nickname' | 'anonymous' | 'old' | 'maiden';
  readonly text?: string;
  readonly family?: string;
  readonly given?: readonly string[];
  readonly prefix?: readonly string[];
  readonly suffix?: readonly string[];
  readonly period?: Period;
}

export type BundleType =
  | 'document'
  | 'message'
  | 'transaction'
  | 'transaction-response'
  | 'batch'
  | 'batch-response'
  | 'history'
  | 'searchset'
  | 'collection';

export interface BundleLink {
  readonly relation: string;
  readonly url: string;
}

export interface BundleRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly url: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
  readonly ifMatch?: string;
  readonly ifNoneExist?: string;
}

export interface BundleResponse {
  readonly status: string;
  readonly location?: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly outcome?: Resource;
}

export interface BundleEntry<R extends Resource = Resource> {
  readonly link?: readonly BundleLink[];
  readonly fullUrl?: string;
  readonly resource?: R;
  readonly search?: { readonly mode?: 'match' | 'include' | 'outcome'; readonly score?: number };
  readonly request?: BundleRequest;
  readonly response?: BundleResponse;
}

export interface Bundle<R extends Resource = Resource> extends Resource {
  readonly resourceType: 'Bundle';
  readonly type: BundleType;
  readonly total?: number;
  readonly link?: readonly BundleLink[];
  readonly entry?: readonly BundleEntry<R>[];
}

export interface OutcomeIssue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  /** A code of http://hl7.org/fhir/issue-type. */
  readonly code: string;
  readonly details?: CodeableConcept;
  readonly diagnostics?: string;
  readonly expression?: readonly string[];
}

export interface OperationOutcome extends Resource {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly OutcomeIssue[];
}

export interface ParametersParameter {
  readonly name: string;
  readonly resource?: Resource;
  readonly part?: readonly ParametersParameter[];
  readonly [value: `value${string}`]: unknown;
}

export interface Parameters extends Resource {
  readonly resourceType: 'Parameters';
  readonly parameter?: readonly ParametersParameter[];
}
