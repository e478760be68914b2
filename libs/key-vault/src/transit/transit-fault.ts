import { Fault } from '@anamnesis/kernel';

/** Nothing of a request or an answer is ever carried along: both hold keys. */
const fault = (text: string, retryable: boolean, cause?: unknown): Fault =>
  new Fault('vault-unavailable', text, { retryable, cause });

export const noAnswer = (cause?: unknown): Fault =>
  fault('The key management service does not answer.', true, causeOf(cause));

/** It may be renewed, or replaced in its file, so that a later call succeeds. */
export const refusedToken = (): Fault => fault('The key management service refuses the token.', true);

export const unexpectedAnswer = (): Fault =>
  fault('The key management service answers what no transit engine answers.', false);

export const refusedRequest = (status: number): Fault =>
  fault('The key management service refuses the request.', false, new Error(`HTTP ${status}`));

export const unreadableSecret = (cause: unknown): Fault =>
  fault('A file that the vault signs in with could not be read.', true, causeOf(cause));

export const plainHttp = (): Fault =>
  fault('Keys travel to the key management service in the clear: its address must be https.', false);

export const wrongTransitKey = (): Fault =>
  new Fault(
    'vault-key-wrong',
    'A data key does not unwrap: the transit key is missing, or is not the one that wrapped it.',
  );

export const unfitTransitKey = (): Fault =>
  new Fault('vault-key-wrong', 'The transit key does not encrypt with associated data, or is derived.');

/** A network error's code alone. */
function causeOf(error: unknown): Error | undefined {
  if (error === undefined) return undefined;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return new Error(typeof code === 'string' ? code : String(name));
}
