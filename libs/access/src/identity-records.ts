import type { AccessDenials, Denial, SignIn, SignInEvents, SignInFailure } from '@anamnesis/identity';
import { actorOf } from '@anamnesis/identity';
import { newId } from '@anamnesis/kernel';
import type { AccessRecorder } from './access-recorder.ts';

/** Whoever is not known yet, in the envelope of a failed sign-in. */
const NOBODY = { id: 'unknown', role: 'none', purpose: 'HOPERAT' } as const;

/** Tells the audit log of what identity sees: sign-ins, their failures, and denials. */
export class IdentityRecords implements SignInEvents, AccessDenials {
  readonly #recorder: AccessRecorder;

  constructor(recorder: AccessRecorder) {
    this.#recorder = recorder;
  }

  signedIn({ subject, username, clientId, from }: SignIn): Promise<void> {
    const requestId = newId();
    const facts = { patients: [], from, client: clientId, username, requestId };
    const actor = { ...NOBODY, id: subject };
    return this.#recorder.record({ actor, correlation: requestId }, { type: 'SignedIn', facts });
  }

  signInFailed({ username, clientId, reason, from }: SignInFailure): Promise<void> {
    const requestId = newId();
    const named = username === undefined ? {} : { username };
    const facts = { patients: [], from, client: clientId, reason, requestId, ...named };
    return this.#recorder.record({ actor: NOBODY, correlation: requestId }, { type: 'SignInFailed', facts });
  }

  denied({ caller, action, reason, correlation, route, from }: Denial): Promise<void> {
    const operation = `${action} ${route}`;
    const facts = { patients: [], from, client: caller.clientId, operation, reason, requestId: correlation };
    return this.#recorder.record({ actor: actorOf(caller), correlation }, { type: 'AccessDenied', facts });
  }
}
