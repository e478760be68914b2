import type { sendUnaryData, ServerReadableStream, ServerUnaryCall } from '@grpc/grpc-js';
import type { Metadata } from '@grpc/grpc-js';
import type { Access } from './access.ts';
import type { Appender, WriteOutcome } from './appender.ts';
import type { ExpectedVersion } from './expected-version.ts';
import { shared, streams } from './protocol.ts';
import { readExpected, readProposed, readStreamName, sizeOf } from './request-fields.ts';
import { appendTooLarge, invalidArgument, streamDeleted, toRpcError, wrongExpectedVersion } from './rpc-errors.ts';
import { MOST_EVENTS, type ProposedEvent } from './wire-event.ts';

type AppendReq = InstanceType<typeof streams.AppendReq>;
type AppendResp = InstanceType<typeof streams.AppendResp>;
type DeleteReq = InstanceType<typeof streams.DeleteReq>;
type DeleteResp = InstanceType<typeof streams.DeleteResp>;
type TombstoneReq = InstanceType<typeof streams.TombstoneReq>;
type TombstoneResp = InstanceType<typeof streams.TombstoneResp>;
type DeletingOptions =
  InstanceType<typeof streams.DeleteReq.Options> | InstanceType<typeof streams.TombstoneReq.Options>;
type Written = Extract<WriteOutcome, { kind: 'written' }>;

/** `Streams/Append`, `Delete` and `Tombstone`. */
export class AppendService {
  readonly #appender: Appender;
  readonly #access: Access;
  readonly #limitBytes: number;

  constructor(appender: Appender, access: Access, limitBytes: number) {
    this.#appender = appender;
    this.#access = access;
    this.#limitBytes = limitBytes;
  }

  readonly append = (call: ServerReadableStream<AppendReq, AppendResp>, done: sendUnaryData<AppendResp>): void => {
    answer(this.#append(call), done);
  };

  readonly delete = (call: ServerUnaryCall<DeleteReq, DeleteResp>, done: sendUnaryData<DeleteResp>): void => {
    answer(this.#deleted(call), done);
  };

  readonly tombstone = (
    call: ServerUnaryCall<TombstoneReq, TombstoneResp>,
    done: sendUnaryData<TombstoneResp>,
  ): void => {
    answer(this.#tombstoned(call), done);
  };

  async #append(call: ServerReadableStream<AppendReq, AppendResp>): Promise<AppendResp> {
    const roles = this.#access.caller(call.metadata);
    let head: { readonly stream: string; readonly expected: ExpectedVersion } | undefined;
    const events: ProposedEvent[] = [];
    let size = 0;
    for await (const request of call as AsyncIterable<AppendReq>) {
      const message = request.getProposedMessage();
      if (head === undefined) {
        const options = request.getOptions();
        if (options === undefined) throw invalidArgument('An append begins with its options.');
        const stream = readStreamName(options.getStreamIdentifier());
        head = { stream, expected: readExpected(options, options.hasRevision() ? options.getRevision() : undefined) };
        this.#access.check(roles, 'write', stream);
      } else {
        if (message === undefined) throw invalidArgument('After its options an append has events.');
        events.push(readProposed(message));
        size += sizeOf(events.at(-1)!);
        if (size > this.#limitBytes || events.length > MOST_EVENTS) throw appendTooLarge(this.#limitBytes);
      }
    }
    if (head === undefined) throw invalidArgument('An append begins with its options.');
    const outcome = await this.#appender.append(head.stream, head.expected, events);
    if (outcome.kind === 'deleted') throw streamDeleted(head.stream);
    return outcome.kind === 'written' ? success(outcome) : wrongVersion(head.expected, outcome.current);
  }

  async #deleted(call: ServerUnaryCall<DeleteReq, DeleteResp>): Promise<DeleteResp> {
    const outcome = await this.#delete(call.metadata, call.request.getOptions(), 'soft');
    const response = new streams.DeleteResp();
    if (outcome.position === undefined) return response.setNoPosition(new shared.Empty());
    const position = new streams.DeleteResp.Position();
    return response.setPosition(at(position, outcome.position));
  }

  async #tombstoned(call: ServerUnaryCall<TombstoneReq, TombstoneResp>): Promise<TombstoneResp> {
    const outcome = await this.#delete(call.metadata, call.request.getOptions(), 'hard');
    const response = new streams.TombstoneResp();
    if (outcome.position === undefined) return response.setNoPosition(new shared.Empty());
    const position = new streams.TombstoneResp.Position();
    return response.setPosition(at(position, outcome.position));
  }

  async #delete(metadata: Metadata, options: DeletingOptions | undefined, how: 'soft' | 'hard'): Promise<Written> {
    const roles = this.#access.caller(metadata);
    if (options === undefined) throw invalidArgument('A deletion has options.');
    const stream = readStreamName(options.getStreamIdentifier());
    const expected = readExpected(options, options.hasRevision() ? options.getRevision() : undefined);
    this.#access.check(roles, 'delete', stream);
    const outcome = await this.#appender.delete(stream, expected, how);
    if (outcome.kind === 'deleted') throw streamDeleted(stream);
    if (outcome.kind === 'wrong-version') throw wrongExpectedVersion(stream, expected, outcome.current);
    return outcome;
  }
}

function answer<T>(work: Promise<T>, done: sendUnaryData<T>): void {
  work.then(
    (response) => done(null, response),
    (error: unknown) => done(toRpcError(error)),
  );
}

function success({ revision, position }: Written): AppendResp {
  const message = new streams.AppendResp.Success();
  if (revision < 0) message.setNoStream(new shared.Empty());
  else message.setCurrentRevision(String(revision));
  if (position === undefined) message.setNoPosition(new shared.Empty());
  else message.setPosition(at(new streams.AppendResp.Position(), position));
  return new streams.AppendResp().setSuccess(message);
}

function wrongVersion(expected: ExpectedVersion, current: number): AppendResp {
  const message = new streams.AppendResp.WrongExpectedVersion();
  if (current < 0) message.setCurrentNoStream(new shared.Empty());
  else message.setCurrentRevision(String(current));
  if (expected === 'any') message.setExpectedAny(new shared.Empty());
  else if (expected === 'no-stream') message.setExpectedNoStream(new shared.Empty());
  else if (expected === 'stream-exists') message.setExpectedStreamExists(new shared.Empty());
  else message.setExpectedRevision(String(expected));
  return new streams.AppendResp().setWrongExpectedVersion(message);
}

/** Commit and prepare are the same here. */
function at<T extends { setCommitPosition(text: string): unknown; setPreparePosition(text: string): unknown }>(
  message: T,
  position: number,
): T {
  message.setCommitPosition(String(position));
  message.setPreparePosition(String(position));
  return message;
}
