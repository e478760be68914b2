import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { streams } from './protocol.ts';

export type ReadRequest = InstanceType<typeof streams.ReadReq>;
export type ReadCall = ServerWritableStream<ReadRequest, Buffer>;

/** Sends the messages of a read one after the other, no faster than the client takes them. */
export class AnswerStream {
  readonly #call: ReadCall;
  readonly #gone = new AbortController();

  constructor(call: ReadCall) {
    this.#call = call;
    call.once('cancelled', () => this.#gone.abort());
    call.once('close', () => this.#gone.abort());
  }

  /** Aborted when the client has gone, or the server is stopping. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Ends the read at its next message. */
  stop(): void {
    this.#gone.abort();
  }

  /** Resolves when the next message may be sent; `gone` tells whether anybody is there for it. */
  send(message: Buffer): Promise<void> | undefined {
    if (this.gone.aborted || this.#call.write(message)) return undefined;
    return this.#drained();
  }

  async #drained(): Promise<void> {
    try {
      await once(this.#call, 'drain', { signal: this.gone });
    } catch (error) {
      if (!this.gone.aborted) throw error;
    }
  }
}
