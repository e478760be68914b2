import { openMongoReadStore } from '@anamnesis/read-store/mongo';
import { LANES, laneOf, operationAt } from './mongo-log.ts';

/** A process that writes one lane of the log, in small batches, saying how far the log has come before each. */
const [url, database, lane, until] = process.argv.slice(2) as [string, string, '0' | '1', string];

const store = openMongoReadStore({ url, database });
const writer = await store.writer('clinical', LANES[Number(lane)]!);
process.send!({ opened: true });
await new Promise((resolve) => process.once('message', resolve));
for (let from = 1; from <= Number(until); from += 8) {
  const through = Math.min(from + 7, Number(until));
  const positions = Array.from({ length: through - from + 1 }, (_, index) => from + index);
  process.send!({ appended: through });
  await writer.apply(positions.filter((position) => laneOf(position) === Number(lane)).map(operationAt), through);
}
await store.close();
process.disconnect();
