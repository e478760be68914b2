import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, Client } from '../client.ts';
import { failed, unavailable } from '../exit.ts';
import { explanation } from '../explanation.ts';
import type { Parcel } from './parcels.ts';

export interface Refused {
  /** Which entry, from 0; absent: the parcel as a whole. */
  readonly entry?: number;
  readonly reason: string;
}

export interface Delivered {
  readonly stored: number;
  readonly refused: readonly Refused[];
  readonly retries: number;
}

export interface DeliveryOptions {
  /** Milliseconds of trying again, after which the record counts as unavailable. */
  readonly patience: number;
  /** Milliseconds before the second try; doubled for each one more, up to five seconds. */
  readonly firstPause?: number;
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Overloaded, or something on the way is: worth another try. A 500 is a bug, and would be one again. */
const WORTH_RETRYING = new Set([408, 425, 429, 502, 503, 504]);
const LONGEST_PAUSE = 5_000;

/**
 * Sends a parcel until the record has answered for it. A lost answer is asked for again under the same key, so nothing
 * is stored twice. Throws CommandError `unavailable` when patience is at its end, `failed` when the caller may not import.
 */
export async function deliver(client: Client, parcel: Parcel, options: DeliveryOptions): Promise<Delivered> {
  const started = Date.now();
  for (let retries = 0; ; retries += 1) {
    options.signal.throwIfAborted();
    const { answer, lost } = await attempt(client, parcel, options);
    if (answer !== undefined && !WORTH_RETRYING.has(answer.status)) return { ...outcome(answer, parcel), retries };

    const pause = pauseBefore(retries, options, answer);
    if (Date.now() - started + pause > options.patience) {
      if (answer === undefined)
        throw unavailable('The record does not answer; run the same import again to go on', lost);
      throw unavailable(
        `The record answers ${answer.status}: ${explanation(answer.text)}; run the same import again to go on`,
      );
    }
    await wait(pause, undefined, { signal: options.signal });
  }
}

async function attempt(
  client: Client,
  parcel: Parcel,
  { signal, headers }: DeliveryOptions,
): Promise<{ answer?: Answer; lost?: unknown }> {
  try {
    const answer = await client.call('/fhir', {
      method: 'POST',
      body: parcel.body,
      signal,
      headers: {
        'content-type': 'application/fhir+json',
        accept: 'application/fhir+json',
        prefer: 'return=minimal',
        'idempotency-key': parcel.key,
        ...headers,
      },
    });
    return { answer };
  } catch (lost) {
    signal.throwIfAborted();
    if (isConnectionLoss(lost)) return { lost };
    throw lost;
  }
}

function isConnectionLoss(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^(E[A-Z]+|UND_ERR_.+)$/.test(code);
}

function pauseBefore(retries: number, options: DeliveryOptions, answer: Answer | undefined): number {
  const asked = Number(answer?.headers['retry-after']) * 1_000;
  const doubled = Math.min(LONGEST_PAUSE, (options.firstPause ?? 200) * 2 ** Math.min(retries, 20));
  const spread = doubled * (0.75 + Math.random() / 2); // so that parallel senders do not come back as one
  return asked > 0 ? Math.max(asked, spread) : spread;
}

interface AnswerEntry {
  readonly response?: { readonly status?: string; readonly outcome?: unknown };
}

function outcome(answer: Answer, parcel: Parcel): Omit<Delivered, 'retries'> {
  const { status, text } = answer;
  if (status === 401 || status === 403) throw failed(`The record refuses the import: ${explanation(text)}`);
  if (status >= 300) return { stored: 0, refused: [{ reason: `${status}: ${explanation(text)}` }] };

  const entries = answeredEntries(text);
  if (entries === undefined)
    return { stored: 0, refused: [{ reason: 'the record answered with something that is no Bundle' }] };
  const refused = entries.flatMap(({ response }, entry): Refused[] => {
    const said = response?.status ?? '';
    if (said.startsWith('2')) return [];
    return [{ entry, reason: `${said.slice(0, 3)}: ${explanation(JSON.stringify(response?.outcome ?? {}))}` }];
  });
  return { stored: Math.min(entries.length, parcel.entries) - refused.length, refused };
}

function answeredEntries(text: string): readonly AnswerEntry[] | undefined {
  try {
    const bundle = JSON.parse(text) as { resourceType?: unknown; entry?: unknown };
    if (bundle.resourceType !== 'Bundle') return undefined;
    return Array.isArray(bundle.entry) ? (bundle.entry as AnswerEntry[]) : [];
  } catch {
    return undefined;
  }
}
