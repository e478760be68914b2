import { parentPort, workerData } from 'node:worker_threads';
import { Generations } from './generations.ts';
import { LiveSearch } from './live-search.ts';
import { ProgressBoard } from './progress-board.ts';
import { toWire, type QueryReply, type QueryRequest, type QueryThreadData } from './query-protocol.ts';

/** A thread that answers queries, one at a time: a slow one holds up those behind it, and nothing else in the process. */

/** Answers gather in one message for about this long, unless the thread has nothing more to do. */
const GATHER_MS = 0.5;

const { folder, board: shared, cacheBytes, budgetMs } = workerData as QueryThreadData;
const board = new ProgressBoard(shared);
const searches = new Map<string, LiveSearch>();

function searchOf(model: string): LiveSearch {
  let search = searches.get(model);
  if (search === undefined) {
    search = new LiveSearch(new Generations(folder, model), board.model(model), { cacheBytes }, budgetMs);
    searches.set(model, search);
  }
  return search;
}

function answer({ number, model, method, args }: QueryRequest): QueryReply {
  try {
    const value = searchOf(model).run((search) =>
      (search[method] as (...args: unknown[]) => unknown).apply(search, args),
    );
    return { number, value };
  } catch (error) {
    return { number, error: toWire(error) };
  }
}

const port = parentPort!;
port.on('message', (requests: readonly QueryRequest[] | 'close') => {
  if (requests === 'close') {
    for (const search of searches.values()) search.close();
    port.close();
    return;
  }
  let replies: QueryReply[] = [];
  let since = performance.now();
  for (const request of requests) {
    replies.push(answer(request));
    const now = performance.now();
    if (now - since < GATHER_MS) continue;
    port.postMessage(replies);
    replies = [];
    since = now;
  }
  if (replies.length > 0) port.postMessage(replies);
});
