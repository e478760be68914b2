import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Row } from '../bench.ts';
import { whole } from '../format.ts';
import { median } from '../load/latencies.ts';
import { peopleStage } from './people-stage.ts';

const LOADER = fileURLToPath(new URL('../../../typescript.mjs', import.meta.url));
const COMMAND_LINE = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));

interface Told {
  readonly status: string;
  readonly events: number;
  readonly eventsPerSecond: number;
}

export const verify: Row = {
  name: 'verify',
  what: 'verification of the whole log against a checkpoint, idle machine',
  bar: '150,000 events/s',
  ownOnly: 'it reads the data folder, and the machine must be idle',
  embeddedOnly: 'it reads the files of an embedded log; the log is in EventStoreDB there',
  measure: async (bench) => {
    const stage = await peopleStage(bench, bench.settings.manyPeople);
    const checkpoint = join(stage.besideFolder, 'checkpoint');
    const publicKey = join(stage.besideFolder, 'public-key');
    await writeFile(checkpoint, (await stage.ask('compliance-officer', 'GET', '/audit/checkpoint')).body);
    await copyFile(join(stage.dataFolder, 'audit', 'public-key'), publicKey);
    await stage.stop();
    const runs: Told[] = [];
    try {
      for (let run = 0; run < bench.settings.runs; run += 1)
        runs.push(await verified(stage.dataFolder, checkpoint, publicKey));
    } finally {
      await stage.start();
    }
    const rate = median(runs.map(({ eventsPerSecond }) => eventsPerSecond));
    const { events, status } = runs[0]!;
    return {
      figure: `${whole(rate)} events/s${status === 'verified' ? '' : `, but: ${status}`}`,
      reached: rate >= 150_000 && status === 'verified',
      figures: { eventsPerSecond: rate, events },
      on: `\`audit verify\` with checkpoint and public key, in a process of its own, the record stopped; ${whole(events)} events; median of ${runs.length} runs`,
    };
  },
};

async function verified(dataFolder: string, checkpoint: string, publicKey: string): Promise<Told> {
  const files = ['--data', dataFolder, '--checkpoint', checkpoint, '--public-key', publicKey];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--import', LOADER, COMMAND_LINE, 'audit', 'verify', '--json', ...files],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as Told;
}
