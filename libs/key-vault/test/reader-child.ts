/** A reader in a thread or process of its own: answers each subject it is asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEmbeddedKeyReader } from '../src/embedded/index.ts';

const folder: string = parentPort ? workerData : process.argv[2]!;
const reader = await openEmbeddedKeyReader({ folder });

function answer(subject: string): { cached: string | undefined } {
  const key = reader.cached({ subject, dataClass: 'clinical' });
  return { cached: key && Buffer.from(key).toString('hex') };
}

async function get(subject: string): Promise<{ key: string | undefined } | { fault: string }> {
  try {
    const key = await reader.get({ subject, dataClass: 'clinical' });
    return { key: key && Buffer.from(key).toString('hex') };
  } catch (error) {
    return { fault: (error as { code: string }).code };
  }
}

const send = (message: unknown): unknown => (parentPort ? parentPort.postMessage(message) : process.send!(message));
const listener = async ({ ask, subject }: { ask: 'get' | 'cached'; subject: string }): Promise<void> => {
  send(ask === 'get' ? await get(subject) : answer(subject));
};
if (parentPort) parentPort.on('message', listener);
else process.on('message', listener);
send('ready');
