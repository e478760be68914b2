/**
 * EventStoreDB's protocol as the official client ships it: generated CommonJS, whose exports Node cannot name, so
 * each module comes whole. Field numbers that are written by hand (recorded-bytes.ts) are those of its messages.
 */
import { createRequire } from 'node:module';
import type { Any } from 'google-protobuf/google/protobuf/any_pb.js';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import monitoringService from '@eventstore/db-client/generated/monitoring_grpc_pb.js';
import monitoring from '@eventstore/db-client/generated/monitoring_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';

export const { StreamsService } = streamsService;
export const { GossipService } = gossipService;
export const { MonitoringService } = monitoringService;
export const { ServerFeaturesService } = featuresService;
export { features, gossip, monitoring, shared, status, streams };

const require = createRequire(import.meta.url);

/** `google.protobuf.Any` of the very runtime that the client's messages are made of, which may not be ours. */
const runtime = createRequire(require.resolve('@eventstore/db-client/package.json'));
export const AnyMessage = (runtime('google-protobuf/google/protobuf/any_pb.js') as { Any: new () => Any }).Any;

/** The revision of a tombstone and the `$tb` of a deleted stream: the largest signed 64-bit integer. */
export const DELETED_REVISION = 9_223_372_036_854_775_807n;

/** Exception metadata, by which clients tell one failure from another. */
export const EXCEPTION = 'exception';

/** The version whose behaviour this server follows; clients choose features by it. */
export const SERVER_VERSION = '24.10.0';
