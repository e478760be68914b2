import { EventStoreDBClient } from '@eventstore/db-client';

/**
 * A client of a single node or a cluster. Throws a `TypeError` for a connection string that is none.
 *
 * The client appends through one shared stream where it can. That is faster, but the table of waiting calls behind it
 * is one for all clients of the process: when the stream of one breaks, the calls of every other are rejected too,
 * and their late answers then end the process with an uncaught error. So each append is a call of its own here, with
 * its own deadline.
 */
export function connect(connectionString: string): EventStoreDBClient {
  try {
    const client = EventStoreDBClient.connectionString(connectionString);
    return Object.assign(client, { supports: async () => false });
  } catch (cause) {
    throw new TypeError('The connection string of the event store is not well formed.', { cause });
  }
}
