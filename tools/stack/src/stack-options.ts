import type { ServiceName } from '@anamnesis/identity';
import type { Log } from './engines/log.ts';

/** An administrator of Keycloak's realm `master`. */
export interface Admin {
  readonly user: string;
  readonly password: string;
}

/** Engines that run already are named; all others are started. */
export interface StackOptions {
  /** Processes of each service; 1 by default. */
  readonly instances?: number;
  /** Processes of single services, where not as many as of the others. */
  readonly instancesOf?: { readonly [Name in ServiceName]?: number };
  /** Only these services; all by default. */
  readonly services?: readonly ServiceName[];
  /** Nodes of a Kafka that is started here; 1 by default. */
  readonly brokers?: 1 | 3;
  /** esdb://... */
  readonly eventStore?: string;
  /** host:port of brokers. */
  readonly kafka?: readonly string[];
  /** mongodb://... */
  readonly mongodb?: string;
  readonly keycloak?: { readonly url: string; readonly admin: Admin };
  /** A realm of our name that a given Keycloak has already is made anew; else that is refused. */
  readonly replaceRealm?: boolean;
  readonly transit?: { readonly url: string; readonly token: string };
  /** Where everything is kept, and stays; a temporary folder, removed at the end, by default. */
  readonly folder?: string;
  /** Where the demo users' passwords are written; `demo-users.json` of the folder by default. */
  readonly passwordsFile?: string;
  /** A service that ends by itself is started again. */
  readonly restart?: boolean;
  /** Settings for every service, beside the stack's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly log?: Log;
}
