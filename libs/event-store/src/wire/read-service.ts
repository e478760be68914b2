import type { EmbeddedReader } from '../embedded/embedded-reader.ts';
import type { Access } from './access.ts';
import { AnswerStream, type ReadCall } from './answer-stream.ts';
import type { CommitBell } from './commit-bell.ts';
import { toReadOptions } from './read-options.ts';
import { readAll, readStream } from './reads.ts';
import { stopping, toRpcError } from './rpc-errors.ts';
import { subscribeToAll, subscribeToStream } from './subscriptions.ts';

/** `Streams/Read`: all reads and subscriptions are this one call. */
export class ReadService {
  readonly #reader: EmbeddedReader;
  readonly #bell: CommitBell;
  readonly #access: Access;
  readonly #open = new Set<AnswerStream>();
  #stopping = false;

  constructor(reader: EmbeddedReader, bell: CommitBell, access: Access) {
    this.#reader = reader;
    this.#bell = bell;
    this.#access = access;
  }

  readonly read = (call: ReadCall): void => {
    const answer = new AnswerStream(call);
    this.#open.add(answer);
    this.#serve(call, answer).then(
      () => {
        this.#open.delete(answer);
        if (this.#stopping) call.emit('error', stopping());
        else call.end();
      },
      (error: unknown) => {
        this.#open.delete(answer);
        call.emit('error', toRpcError(error));
      },
    );
  };

  /** Ends every read, so that its client looks for another server. */
  stop(): void {
    this.#stopping = true;
    for (const answer of this.#open) answer.stop();
  }

  async #serve(call: ReadCall, answer: AnswerStream): Promise<void> {
    const roles = this.#access.caller(call.metadata);
    const { resolveLinks, source, count, ...rest } = toReadOptions(call.request.getOptions());
    this.#access.check(roles, 'read', source.stream);
    const mayFollow = resolveLinks ? (stream: string) => this.#access.may(roles, 'read', stream) : undefined;
    const options = { ...rest, source, mayFollow };
    if (source.stream === undefined) {
      if (count === undefined) return subscribeToAll(this.#reader, this.#bell, source, options, answer);
      return readAll(this.#reader, source, { ...options, count }, answer);
    }
    if (count === undefined) return subscribeToStream(this.#reader, this.#bell, source, options, answer);
    return readStream(this.#reader, source, { ...options, count }, answer);
  }
}
