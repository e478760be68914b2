import { createConnection } from 'mongoose';
import { mongoUrl } from './open-mongo.ts';

/**
 * What the engines that stand in for MongoDB do not have, each tried for, so that an engine that has it is held to it:
 * - `plans`: SecantusDB's Python server plans only filters of one clause; asked for several it scans the collection and
 *   sorts, where MongoDB and SecantusDB's Rust server take an index. Answers are the same, so only `explain` shows it.
 */
export async function enginePlans(): Promise<boolean> {
  const connection = await createConnection(mongoUrl(), { dbName: `engine-${process.pid}` }).asPromise();
  try {
    const tried = connection.db!.collection('tried');
    await tried.createIndex({ k: 1, f: 1 });
    await tried.insertOne({ k: [1, 2], t: 'x', f: 1 });
    const plan = await tried.find({ k: 1, t: 'x' }).sort({ f: 1 }).explain('queryPlanner');
    return !/COLLSCAN|"SORT"/.test(JSON.stringify(plan));
  } finally {
    await connection.dropDatabase();
    await connection.close();
  }
}
