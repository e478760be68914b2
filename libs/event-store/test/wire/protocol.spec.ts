/** The protocol below the official client: what other clients send, and what none should. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, credentials, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { features, gossip, monitoring, shared, streams } from '../../src/wire/protocol.ts';
import { events, OpenWire, streamName } from './open-wire.ts';

let wire: OpenWire;
let channel: Client;
beforeAll(async () => {
  wire = await OpenWire.start();
  channel = new Client(`127.0.0.1:${wire.server.port}`, credentials.createInsecure());
});
afterAll(async () => {
  channel.close();
  await wire.close();
});

interface Message {
  serializeBinary(): Uint8Array;
}
type Decode<T> = { deserializeBinary(bytes: Uint8Array): T };

const STREAMS = '/event_store.client.streams.Streams';
const toBytes = (message: Message): Buffer => Buffer.from(message.serializeBinary());
const EMPTY = new shared.Empty();

function unary<T>(path: string, request: Message, type: Decode<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const decode = (bytes: Buffer): T => type.deserializeBinary(bytes);
    channel.makeUnaryRequest(path, toBytes, decode, request, (error, answer) =>
      error === null ? resolve(answer!) : reject(error),
    );
  });
}

/** All answers of a read that ends, or the error it ended with. */
function read(change: (options: InstanceType<typeof streams.ReadReq.Options>) => void): Promise<{
  answers: InstanceType<typeof streams.ReadResp>[];
  error?: ServiceError;
}> {
  const options = new streams.ReadReq.Options();
  change(options);
  const request = new streams.ReadReq().setOptions(options);
  const decode = (bytes: Buffer) => streams.ReadResp.deserializeBinary(bytes);
  return new Promise((resolve) => {
    const answers: InstanceType<typeof streams.ReadResp>[] = [];
    const call = channel.makeServerStreamRequest(`${STREAMS}/Read`, toBytes, decode, request);
    call.on('data', (answer) => answers.push(answer));
    call.on('error', (error: ServiceError) => resolve({ answers, error }));
    call.on('end', () => resolve({ answers }));
  });
}

function append(...requests: InstanceType<typeof streams.AppendReq>[]): Promise<unknown> {
  const decode = (bytes: Buffer) => streams.AppendResp.deserializeBinary(bytes);
  return new Promise((resolve) => {
    const call = channel.makeClientStreamRequest(`${STREAMS}/Append`, toBytes, decode, (error, answer) =>
      resolve(error ?? answer),
    );
    for (const request of requests) call.write(request);
    call.end();
  });
}

function batch(...requests: InstanceType<typeof streams.BatchAppendReq>[]) {
  const decode = (bytes: Buffer) => streams.BatchAppendResp.deserializeBinary(bytes);
  return new Promise<{ answers: InstanceType<typeof streams.BatchAppendResp>[]; error?: ServiceError }>((resolve) => {
    const answers: InstanceType<typeof streams.BatchAppendResp>[] = [];
    const call = channel.makeBidiStreamRequest(`${STREAMS}/BatchAppend`, toBytes, decode);
    call.on('data', (answer) => answers.push(answer));
    call.on('error', (error: ServiceError) => resolve({ answers, error }));
    call.on('end', () => resolve({ answers }));
    for (const request of requests) call.write(request);
    call.end();
  });
}

const identifier = (name: string | Uint8Array) =>
  new shared.StreamIdentifier().setStreamName(typeof name === 'string' ? Buffer.from(name) : name);
const uuid = (text: string) => new shared.UUID().setString(text);
const ID = 'c5d3ed0f-5c0a-4bd0-9a3e-7f4a3a8c7c11';

function appendOptions(name: string | Uint8Array) {
  const options = new streams.AppendReq.Options().setStreamIdentifier(identifier(name)).setAny(EMPTY);
  return new streams.AppendReq().setOptions(options);
}

function proposed(change: (message: InstanceType<typeof streams.AppendReq.ProposedMessage>) => void = () => undefined) {
  const message = new streams.AppendReq.ProposedMessage().setId(uuid(ID)).setData(Buffer.from('{}'));
  message.getMetadataMap().set('type', 't').set('content-type', 'application/json');
  change(message);
  return new streams.AppendReq().setProposedMessage(message);
}

describe('an append that is badly formed', () => {
  const cases: [string, () => InstanceType<typeof streams.AppendReq>[], number][] = [
    ['nothing', () => [], 3],
    ['no options', () => [proposed()], 3],
    ['options twice', () => [appendOptions('a'), appendOptions('a')], 3],
    [
      'no expected revision',
      () => [new streams.AppendReq().setOptions(new streams.AppendReq.Options().setStreamIdentifier(identifier('a')))],
      3,
    ],
    ['no stream', () => [appendOptions('')], 3],
    ['the stream $all', () => [appendOptions('$all'), proposed()], 3],
    ['a stream that is no text', () => [appendOptions(Buffer.from([0xff, 0xfe]))], 3],
    ['an id that is none', () => [appendOptions('a'), proposed((m) => m.setId(uuid('1')))], 3],
    ['no id', () => [appendOptions('a'), proposed((m) => m.clearId())], 3],
    ['no type', () => [appendOptions('a'), proposed((m) => void m.getMetadataMap().del('type'))], 3],
    ['no content type', () => [appendOptions('a'), proposed((m) => void m.getMetadataMap().del('content-type'))], 3],
  ];

  it.each(cases)('is refused: %s', async (_name, requests, code) => {
    expect(await append(...requests())).toMatchObject({ code });
  });

  it('tells which properties an event must have', async () => {
    const error = (await append(
      appendOptions('a'),
      proposed((m) => void m.getMetadataMap().del('type')),
    )) as ServiceError;
    expect(told(error.metadata)).toEqual({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });
});

function told(metadata: Metadata): Record<string, unknown> {
  const { exception, ...rest } = metadata.getMap();
  return { exception, 'required-metadata-properties': rest['required-metadata-properties'] };
}

it('takes ids as halves, an empty type and any content type, and gives them back', async () => {
  const stream = streamName();
  const halves = new shared.UUID.Structured()
    .setMostSignificantBits((0xc5d3ed0f5c0a4bd0n - (1n << 64n)).toString())
    .setLeastSignificantBits((0x9a3e7f4a3a8c7c11n - (1n << 64n)).toString());
  await append(
    appendOptions(stream),
    proposed((m) => {
      m.setId(new shared.UUID().setStructured(halves));
      m.getMetadataMap().set('type', '').set('content-type', 'application/fhir+json');
    }),
  );
  const { answers } = await read((options) => {
    options.setStream(
      new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(stream)).setStart(EMPTY),
    );
    options.setCount('1');
  });
  const event = answers[0]!.getEvent()!.getEvent()!;
  expect(event.getId()!.getStructured()!.toObject()).toEqual(halves.toObject());
  expect(event.getMetadataMap().get('type')).toBe('');
  expect(event.getMetadataMap().get('content-type')).toBe('application/fhir+json');
});

describe('a read', () => {
  const of = (name: string) =>
    new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(name)).setStart(EMPTY);
  const all = () => new streams.ReadReq.Options.AllOptions().setStart(EMPTY);

  it.each<[string, (options: InstanceType<typeof streams.ReadReq.Options>) => void]>([
    ['of nothing', (options) => options.setCount('1')],
    ['without a count', (options) => options.setAll(all())],
    ['of $all by name', (options) => options.setStream(of('$all')).setCount('1')],
    [
      'backwards for ever',
      (options) =>
        options.setAll(all()).setReadDirection(1).setSubscription(new streams.ReadReq.Options.SubscriptionOptions()),
    ],
    [
      'of a stream with a filter',
      (options) => options.setStream(of('a')).setCount('1').setFilter(new streams.ReadReq.Options.FilterOptions()),
    ],
    [
      'with an empty filter',
      (options) => options.setAll(all()).setCount('1').setFilter(new streams.ReadReq.Options.FilterOptions()),
    ],
    [
      'with a filter that has no words',
      (options) =>
        options
          .setAll(all())
          .setCount('1')
          .setFilter(
            new streams.ReadReq.Options.FilterOptions()
              .setEventType(new streams.ReadReq.Options.FilterOptions.Expression())
              .setCount(EMPTY),
          ),
    ],
  ])('%s is refused', async (_name, change) => {
    expect((await read(change)).error).toMatchObject({ code: 3 });
  });

  it('tells newer clients where a stream begins and ends', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, events(5));
    await wire.client.setStreamMetadata(stream, { truncateBefore: 2 });
    const { answers } = await read((options) =>
      options
        .setStream(of(stream))
        .setCount('2')
        .setControlOption(new streams.ReadReq.Options.ControlOption().setCompatibility(21)),
    );
    const { FIRST_STREAM_POSITION, EVENT, LAST_STREAM_POSITION } = streams.ReadResp.ContentCase;
    expect(answers.map((answer) => answer.getContentCase())).toEqual([
      FIRST_STREAM_POSITION,
      EVENT,
      EVENT,
      LAST_STREAM_POSITION,
    ]);
    expect(answers[0]!.getFirstStreamPosition()).toBe('2');
    expect(answers[3]!.getLastStreamPosition()).toBe('4');
  });

  it('of $all can be filtered, both ways', async () => {
    const stream = streamName();
    await wire.client.appendToStream(stream, [...events(3, 'find-me'), ...events(2, 'other')]);
    for (const direction of [0, 1] as const) {
      const expression = new streams.ReadReq.Options.FilterOptions.Expression().setPrefixList(['find-']);
      const filter = new streams.ReadReq.Options.FilterOptions().setEventType(expression).setCount(EMPTY);
      const from = new streams.ReadReq.Options.AllOptions();
      if (direction === 0) from.setStart(EMPTY);
      else from.setEnd(EMPTY);
      const { answers } = await read((options) =>
        options.setAll(from).setCount('2').setReadDirection(direction).setFilter(filter),
      );
      const revisions = answers.map((answer) => answer.getEvent()!.getEvent()!.getStreamRevision());
      expect(revisions).toEqual(direction === 0 ? ['0', '1'] : ['2', '1']);
    }
  });
});

describe('a batch call', () => {
  const batchEvent = () => {
    const message = new streams.BatchAppendReq.ProposedMessage().setId(uuid(ID)).setData(Buffer.from('{}'));
    message.getMetadataMap().set('type', 't').set('content-type', 'application/json');
    return message;
  };
  const request = (correlation: string, final = true) =>
    new streams.BatchAppendReq().setCorrelationId(uuid(correlation)).setIsFinal(final);
  const optionsOf = (name: string) =>
    new streams.BatchAppendReq.Options().setStreamIdentifier(identifier(name)).setAny(EMPTY as never);
  const other = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

  it('answers each append once, by its correlation, also those that are badly formed', async () => {
    const stream = streamName();
    const incomplete = batchEvent();
    incomplete.getMetadataMap().del('type');
    const { answers, error } = await batch(
      request(other(1), false).setOptions(optionsOf(stream)),
      request(other(2)).setOptions(optionsOf('')),
      request(other(3)).setOptions(optionsOf(stream)).setProposedMessagesList([incomplete]),
      request(other(3)).setProposedMessagesList([batchEvent()]),
      request(other(4)).setOptions(new streams.BatchAppendReq.Options().setStreamIdentifier(identifier(stream))),
      request(other(5)).setProposedMessagesList([batchEvent()]),
      request(other(1)).setProposedMessagesList([batchEvent()]),
    );
    expect(error).toBeUndefined();
    const byId = new Map(answers.map((answer) => [answer.getCorrelationId()!.getString(), answer]));
    expect(answers).toHaveLength(4);
    expect(byId.get(other(1))!.getSuccess()!.getCurrentRevision()).toBe('0');
    for (const n of [2, 3, 4]) {
      expect(byId.get(other(n))!.getError()!.getDetails()!.getTypeName()).toBe('event_store.client.BadRequest');
    }
  });

  it('ends with an error where an append cannot be answered', async () => {
    expect((await batch(new streams.BatchAppendReq().setIsFinal(true))).error).toMatchObject({ code: 3 });
  });
});

describe('the node', () => {
  it('tells which methods it has', async () => {
    const answer = await unary(
      '/event_store.client.server_features.ServerFeatures/GetSupportedMethods',
      EMPTY,
      features.SupportedMethods,
    );
    expect(answer.getEventStoreServerVersion()).toMatch(/^24\./);
    const names = answer.getMethodsList().map((method) => `${method.getServiceName()}/${method.getMethodName()}`);
    expect(names).toContain('event_store.client.streams.streams/batchappend');
  });

  it('is a cluster of its own', async () => {
    const members = (await unary('/event_store.client.gossip.Gossip/Read', EMPTY, gossip.ClusterInfo)).getMembersList();
    expect(members).toHaveLength(1);
    expect(members[0]!.getHttpEndPoint()!.getPort()).toBe(wire.server.port);
    expect(members[0]!.getState()).toBe(gossip.MemberInfo.VNodeState.LEADER);
  });

  it('tells figures of itself', async () => {
    const decode = (bytes: Buffer) => monitoring.StatsResp.deserializeBinary(bytes);
    const request = new monitoring.StatsReq().setRefreshTimePeriodInMs('100');
    const call = channel.makeServerStreamRequest(
      '/event_store.client.monitoring.Monitoring/Stats',
      toBytes,
      decode,
      request,
    );
    call.on('error', () => undefined);
    let told = 0;
    for await (const answer of call) {
      expect(Number(answer.getStatsMap().get('proc-mem'))).toBeGreaterThan(0);
      if (++told === 2) break;
    }
    call.cancel();
    expect(told).toBe(2);
  });

  it.each([
    '/event_store.client.persistent_subscriptions.PersistentSubscriptions/Read',
    '/event_store.client.projections.Projections/Create',
    '/event_store.client.users.Users/Create',
  ])('does not know %s', async (path) => {
    await expect(unary(path, EMPTY, shared.Empty)).rejects.toMatchObject({ code: 12 });
  });
});
