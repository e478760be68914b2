import type { Access } from './access.ts';
import type { Appender } from './appender.ts';
import { BatchSession, type BatchCall } from './batch-session.ts';
import { toRpcError } from './rpc-errors.ts';

/**
 * `Streams/BatchAppend`: many appends in one call, told apart by their correlation ids, answered as they are durable.
 * Every append is answered exactly once: clients do not expect a second answer.
 */
export class BatchAppend {
  readonly #appender: Appender;
  readonly #access: Access;
  readonly #limitBytes: number;
  readonly #sessions = new Set<BatchSession>();

  constructor(appender: Appender, access: Access, limitBytes: number) {
    this.#appender = appender;
    this.#access = access;
    this.#limitBytes = limitBytes;
  }

  readonly batchAppend = (call: BatchCall): void => {
    try {
      const session = new BatchSession(call, this.#appender, this.#access, this.#limitBytes);
      this.#sessions.add(session);
      call.once('close', () => this.#sessions.delete(session));
      session.start();
    } catch (error) {
      call.emit('error', toRpcError(error));
    }
  };

  /** Answers the appends that are under way, and ends the calls. */
  stop(): void {
    for (const session of this.#sessions) session.stop();
  }
}
