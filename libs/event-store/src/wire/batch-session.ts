import { clearTimeout, setTimeout } from 'node:timers';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Access, Roles } from './access.ts';
import type { Appender } from './appender.ts';
import { errorStatus, streamDeletedStatus, timeoutStatus, tooLargeStatus, wrongVersionStatus } from './batch-status.ts';
import type { ExpectedVersion } from './expected-version.ts';
import { shared, streams } from './protocol.ts';
import { readExpected, readProposed, readStreamName, readUuid, sizeOf } from './request-fields.ts';
import { stopping, toRpcError } from './rpc-errors.ts';
import { MOST_EVENTS, type ProposedEvent } from './wire-event.ts';

type Request = InstanceType<typeof streams.BatchAppendReq>;
type Response = InstanceType<typeof streams.BatchAppendResp>;
type Options = InstanceType<typeof streams.BatchAppendReq.Options>;
type Status = Parameters<Response['setError']>[0];
export type BatchCall = ServerDuplexStream<Request, Response>;

/** A deadline further away is none, in milliseconds. */
const LONGEST_WAIT = 0x7fffffff;

/** As many appends of one call are under way at once. */
const MOST_UNANSWERED = 4_000;

/** An append whose events arrive in several messages. */
interface Batch {
  readonly stream: string;
  readonly expected: ExpectedVersion;
  readonly events: ProposedEvent[];
  size: number;
  readonly deadline: NodeJS.Timeout | undefined;
}

/** One call of a client: its open batches, and the appends it has not been answered. */
export class BatchSession {
  readonly #call: BatchCall;
  readonly #appender: Appender;
  readonly #access: Access;
  readonly #limitBytes: number;
  readonly #roles: Roles;
  readonly #open = new Map<string, Batch>();
  #unanswered = 0;
  /** Nothing more is received: the client has said so, or the server stops. */
  #ended: 'by-client' | 'by-server' | undefined;

  constructor(call: BatchCall, appender: Appender, access: Access, limitBytes: number) {
    this.#call = call;
    this.#appender = appender;
    this.#access = access;
    this.#limitBytes = limitBytes;
    this.#roles = access.caller(call.metadata);
  }

  start(): void {
    this.#call.on('data', (request: Request) => this.#receive(request));
    this.#call.on('end', () => {
      this.#ended ??= 'by-client';
      this.#endWhenAnswered();
    });
    this.#call.on('cancelled', () => this.#drop());
  }

  stop(): void {
    this.#ended = 'by-server';
    this.#drop();
    this.#endWhenAnswered();
  }

  #receive(request: Request): void {
    if (this.#ended === 'by-server') return;
    const correlation = request.getCorrelationId();
    let id: string;
    try {
      id = readUuid(correlation);
    } catch (error) {
      this.#call.emit('error', toRpcError(error));
      return;
    }
    try {
      const options = request.getOptions();
      if (options !== undefined && !this.#open.has(id) && !this.#begin(id, options)) return;
      const batch = this.#open.get(id);
      if (batch !== undefined) this.#add(id, batch, request);
    } catch (error) {
      this.#refuse(id, errorStatus(error), request.getOptions());
    }
  }

  /** Answers whether the batch may go on. */
  #begin(id: string, options: Options): boolean {
    const stream = readStreamName(options.getStreamIdentifier());
    const expected = readExpected(options, options.hasStreamPosition() ? options.getStreamPosition() : undefined);
    this.#access.check(this.#roles, 'write', stream);
    const left = (options.getDeadline()?.toDate().getTime() ?? Infinity) - Date.now();
    if (left <= 0) {
      this.#refuse(id, timeoutStatus(), options);
      return false;
    }
    const expire = (): void => this.#refuse(id, timeoutStatus(), options);
    const deadline = left > LONGEST_WAIT ? undefined : setTimeout(expire, left);
    this.#open.set(id, { stream, expected, events: [], size: 0, deadline });
    return true;
  }

  #add(id: string, batch: Batch, request: Request): void {
    for (const message of request.getProposedMessagesList()) {
      const event = readProposed(message);
      batch.events.push(event);
      batch.size += sizeOf(event);
      if (batch.size > this.#limitBytes || batch.events.length > MOST_EVENTS) {
        return this.#refuse(id, tooLargeStatus(this.#limitBytes), undefined);
      }
    }
    if (!request.getIsFinal()) return;
    this.#close(id);
    this.#unanswered += 1;
    this.#keepPace();
    void this.#commit(id, batch).then((response) => {
      this.#unanswered -= 1;
      this.#send(response);
      this.#keepPace();
      this.#endWhenAnswered();
    });
  }

  async #commit(id: string, { stream, expected, events }: Batch): Promise<Response> {
    try {
      const outcome = await this.#appender.append(stream, expected, events);
      if (outcome.kind === 'deleted') return failure(id, stream, streamDeletedStatus(stream));
      if (outcome.kind === 'wrong-version') {
        return failure(id, stream, wrongVersionStatus(expected, outcome.current));
      }
      return success(id, stream, outcome.revision, outcome.position);
    } catch (error) {
      return failure(id, stream, errorStatus(error));
    }
  }

  #refuse(id: string, status: Status, options: Options | undefined): void {
    const stream = this.#open.get(id)?.stream ?? options?.getStreamIdentifier()?.getStreamName_asU8() ?? '';
    this.#close(id);
    this.#send(failure(id, stream, status));
  }

  #close(id: string): void {
    clearTimeout(this.#open.get(id)?.deadline);
    this.#open.delete(id);
  }

  #send(response: Response): void {
    if (this.#call.cancelled || this.#call.writableEnded) return;
    this.#call.write(response);
  }

  /** A client that sends faster than the disk writes, or takes no answers, is not read from: it waits. */
  #keepPace(): void {
    const busy = this.#unanswered >= MOST_UNANSWERED || this.#call.writableNeedDrain;
    if (busy === this.#call.isPaused()) return;
    if (!busy) return void this.#call.resume();
    this.#call.pause();
    if (this.#call.writableNeedDrain) this.#call.once('drain', () => this.#keepPace());
  }

  #endWhenAnswered(): void {
    if (this.#ended === undefined || this.#unanswered > 0) return;
    if (this.#ended === 'by-client') this.#call.end();
    else this.#call.emit('error', stopping());
  }

  #drop(): void {
    for (const id of [...this.#open.keys()]) this.#close(id);
  }
}

function response(id: string, stream: string | Uint8Array): Response {
  const name = typeof stream === 'string' ? Buffer.from(stream) : stream;
  return new streams.BatchAppendResp()
    .setCorrelationId(new shared.UUID().setString(id))
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(name));
}

function failure(id: string, stream: string | Uint8Array, status: Status): Response {
  return response(id, stream).setError(status);
}

function success(id: string, stream: string, revision: number, position: number | undefined): Response {
  const message = new streams.BatchAppendResp.Success();
  if (revision < 0) message.setNoStream(new shared.Empty() as never);
  else message.setCurrentRevision(String(revision));
  if (position === undefined) {
    message.setNoPosition(new shared.Empty() as never);
  } else {
    const at = new shared.AllStreamPosition();
    message.setPosition(at.setCommitPosition(String(position)).setPreparePosition(String(position)));
  }
  return response(id, stream).setSuccess(message);
}
