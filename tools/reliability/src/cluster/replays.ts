import { contentOf } from '../kill/content.ts';
import { ROLE } from '../kill/reading.ts';
import type { Answer, Asked, RecordClient } from '../kill/record-client.ts';

/** A write that was answered. */
export interface Answered {
  readonly asked: Asked;
  readonly answer: Answer;
}

const MOST_KEPT = 24;
const MOST_SHOWN = 300;

/** The last writes that were answered, to be asked again under their keys. */
export class Replays {
  readonly #kept: Answered[] = [];

  take(answered: Answered): void {
    this.#kept.push(answered);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
  }

  /** Whoever asks again under the same key is told the same; that nothing was written for it, the histories show. */
  async differences(client: RecordClient): Promise<string[]> {
    const wrong: string[] = [];
    for (const { asked, answer } of this.#kept.splice(0)) {
      const again = await client.ask(ROLE, asked);
      if (told(again) !== told(answer)) {
        const key = asked.headers?.['idempotency-key'];
        const [first, second] = [answer, again].map((one) => told(one).slice(0, MOST_SHOWN));
        wrong.push(`Idempotency-Key ${key} was answered ${first}, and again ${second}`);
      }
    }
    return wrong;
  }
}

/** What an answer says was done: where, or a transaction's entries. */
function told({ status, headers, text }: Answer): string {
  const { location } = headers;
  if (typeof location === 'string') return `${status} ${location}`;
  return status === 200 ? `${status} ${contentOf(JSON.parse(text))}` : String(status);
}
