import { setTimeout as wait } from 'node:timers/promises';
import { drawFrom } from '@anamnesis/testing';
import type { Acknowledged } from './acknowledged.ts';
import { Writer, type Operation } from './operations.ts';
import { ROLE } from './reading.ts';
import { asksLater, Unanswered, type Answer, type Asked, type RecordClient } from './record-client.ts';

export interface CrowdOptions {
  readonly seed: string;
  readonly writers: number;
  readonly acknowledged: Acknowledged;
  readonly failed: (message: string) => void;
  /** Told of every write that was answered, and of its answer. */
  readonly answered?: (asked: Asked, answer: Answer) => void;
  /** Milliseconds that a writer rests after each write; 0 by default. */
  readonly restMs?: number;
  /** Milliseconds for which the record may ask a writer to come again later; 10,000 by default. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;
const LATER_MS = 25;
/** After every so many writes, a read. */
const READ_AFTER = 4;
/** Criteria that the writers of one cycle contend for. */
const CRITERIA = 5;

/** Writers that work at the same time, each one request after the other, while there is a record to speak to. */
export class Crowd {
  readonly #options: CrowdOptions;
  /** The ids of reads that were answered. */
  readonly reads: string[] = [];
  readonly #criteria = new Map<string, { readonly of: Set<string>; made: number }>();
  readonly #working: Promise<void>[];
  #cycle = '';
  #client: RecordClient | undefined;
  #wake: () => void = () => undefined;
  #opened: Promise<void>;
  #finishing = false;
  #ended = false;
  #unanswered = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#opened = new Promise((resolve) => (this.#wake = resolve));
    const { seed, writers } = options;
    const shared = drawFrom('shared', seed).uuid();
    this.#working = Array.from({ length: writers }, (_, number) => {
      const draw = drawFrom('writer', seed, number);
      const criteria = (): string => `${this.#cycle}-${draw.whole(1, CRITERIA)}`;
      return this.#work(new Writer(draw, seed, number, shared, criteria), number);
    });
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  /** The writers go on, with this process of the record. */
  let(client: RecordClient, cycle: string): void {
    this.#client = client;
    this.#cycle = cycle;
    this.#wake();
  }

  /** Whoever has no answer yet waits for the next process. */
  hold(): void {
    this.#client = undefined;
    this.#opened = new Promise((resolve) => (this.#wake = resolve));
  }

  /** Every writer gets the answer to what it has asked, and asks no more. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await Promise.all(this.#working);
  }

  /** Whatever is still unanswered stays so. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#wake();
    await Promise.all(this.#working);
  }

  /** For each criterion, one resource, made once. */
  criteriaDifferences(): string[] {
    return [...this.#criteria].flatMap(([name, { of, made }]) =>
      of.size === 1 && made === 1 ? [] : [`criterion ${name} was met by ${of.size} resources, made ${made} times`],
    );
  }

  async #work(writer: Writer, session: number): Promise<void> {
    const { restMs = 0 } = this.#options;
    for (let count = 1; !this.#ended; count += 1) {
      await this.#opened;
      if (this.#ended || this.#finishing) return;
      const operation = writer.next();
      const answer = await this.#answered(operation, session);
      if (answer === undefined || !this.#take(operation, answer)) return;
      if (restMs > 0) await wait(restMs);
      if (count % READ_AFTER === 0) await this.#read(writer.readable(), session);
    }
  }

  /** Asks until there is an answer, always with the same key. */
  async #answered({ asked }: Operation, session: number): Promise<Answer | undefined> {
    const { patienceMs = PATIENCE_MS } = this.#options;
    for (let since: number | undefined; !this.#ended;) {
      await this.#opened;
      const client = this.#client;
      if (client === undefined) continue;
      try {
        const answer = await client.ask(ROLE, asked, session);
        since ??= performance.now();
        if (!asksLater(answer) || performance.now() - since > patienceMs) return answer;
        await wait(LATER_MS);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        this.#unanswered += 1;
        await this.#another(client);
      }
    }
    return undefined;
  }

  /** Until the process that did not answer is known to be gone, or for a moment: it may have closed a connection. */
  async #another(client: RecordClient): Promise<void> {
    for (let waited = 0; waited < 20 && this.#client === client && !this.#ended; waited += 1) await wait(5);
  }

  /** Whether the writer may go on. */
  #take(operation: Operation, answer: Answer): boolean {
    const { acknowledged, failed, answered } = this.#options;
    try {
      const { versions, criterion } = operation.effects(answer);
      for (const message of acknowledged.acknowledge(versions)) failed(message);
      answered?.(operation.asked, answer);
      if (criterion) this.#met(criterion);
      return true;
    } catch (error) {
      const key = operation.asked.headers?.['idempotency-key'];
      failed(`${operation.kind} (Idempotency-Key ${key}): ${(error as Error).message}`);
      return false;
    }
  }

  #met({ name, of, made }: { readonly name: string; readonly of: string; readonly made: boolean }): void {
    const met = this.#criteria.get(name) ?? { of: new Set<string>(), made: 0 };
    met.of.add(of);
    if (made) met.made += 1;
    this.#criteria.set(name, met);
  }

  /** A read that is not answered has disclosed nothing: it is not repeated. */
  async #read(id: string | undefined, session: number): Promise<void> {
    const client = this.#client;
    if (id === undefined || client === undefined) return;
    try {
      const { status, headers, text } = await client.ask(ROLE, { method: 'GET', path: `/fhir/Patient/${id}` }, session);
      if (status === 200) this.reads.push(String(headers['x-request-id']));
      else if (!asksLater({ status, headers }))
        this.#options.failed(`a writer's own Patient/${id} was answered ${status}: ${text}`);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
    }
  }
}
