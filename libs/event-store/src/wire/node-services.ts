/** What clients ask of a node before they ask it for events: what it can do, and who else there is. */
import { randomUUID } from 'node:crypto';
import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { features, gossip, monitoring, SERVER_VERSION, shared, StreamsService } from './protocol.ts';

type Empty = InstanceType<typeof shared.Empty>;
type SupportedMethods = InstanceType<typeof features.SupportedMethods>;
type ClusterInfo = InstanceType<typeof gossip.ClusterInfo>;
type StatsReq = InstanceType<typeof monitoring.StatsReq>;
type StatsResp = InstanceType<typeof monitoring.StatsResp>;

const LEAST_REFRESH_MS = 100;

/** `features` of Read: each event carries its position in $all. */
const READ_FEATURES = ['position', 'events'];

export function getSupportedMethods(
  _call: ServerUnaryCall<Empty, SupportedMethods>,
  done: sendUnaryData<SupportedMethods>,
): void {
  const answer = new features.SupportedMethods().setEventStoreServerVersion(SERVER_VERSION);
  for (const { path } of Object.values(StreamsService)) {
    const [, service, method] = path.toLowerCase().split('/');
    const supported = new features.SupportedMethod().setServiceName(service!).setMethodName(method!);
    if (method === 'read') supported.setFeaturesList(READ_FEATURES);
    answer.addMethods(supported);
  }
  done(null, answer);
}

/** A cluster of one, which leads. */
export function gossipOf(endPoint: () => { readonly host: string; readonly port: number }) {
  const instance = randomUUID();
  return (_call: ServerUnaryCall<Empty, ClusterInfo>, done: sendUnaryData<ClusterInfo>): void => {
    const { host, port } = endPoint();
    const member = new gossip.MemberInfo()
      .setInstanceId(new shared.UUID().setString(instance))
      // Ticks of 100 nanoseconds.
      .setTimeStamp(`${Date.now()}0000`)
      .setState(gossip.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
    done(null, new gossip.ClusterInfo().setMembersList([member]));
  };
}

/** `Monitoring/Stats`: figures of the process, again and again until the client has seen enough. */
export function statsOf(figures: () => Readonly<Record<string, number>>) {
  return (call: ServerWritableStream<StatsReq, StatsResp>): void => {
    const send = (): void => {
      const answer = new monitoring.StatsResp();
      for (const [name, value] of Object.entries(figures())) answer.getStatsMap().set(name, String(value));
      call.write(answer);
    };
    send();
    const refresh = Math.max(Number(call.request.getRefreshTimePeriodInMs()), LEAST_REFRESH_MS);
    const timer = setInterval(send, Math.min(refresh, 0x7fffffff));
    const stop = (): void => clearInterval(timer);
    call.once('cancelled', stop).once('close', stop);
  };
}
