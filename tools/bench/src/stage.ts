import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintToken } from '@anamnesis/identity/embedded';
import { LeanConnection, type Answer } from './load/lean-connection.ts';
import { startRecordProcess } from './record-process.ts';

/** A record to measure, with tokens for it. */
export interface Stage {
  readonly url: string;
  /**
   * Header lines of a request in this role. Each number is a session of its own: a record shows each session its own
   * writes at once, so clients that shared one would wait for each other's.
   */
  headers(role: string, session?: number): Promise<string>;
  /** One request outside the timed load. Throws when the answer is not 2xx. */
  ask(role: string, method: string, path: string, body?: string): Promise<Answer>;
}

/** A record of this benchmark's own, on a folder that goes away with it. */
export interface OwnStage extends Stage {
  readonly dataFolder: string;
  /** A folder beside the data, for what an officer keeps elsewhere. */
  readonly besideFolder: string;
  /** The most memory that was resident since it was made, in bytes. */
  peakResident(): number;
  endedByItself(): string | undefined;
  /** Its processes that run now. */
  parts(): readonly Part[];
  stop(): Promise<void>;
  /** Starts it again after `stop`; the milliseconds to ready that its last start took. */
  start(): Promise<number>;
}

/** A record that runs already; its tokens are made from the data folder given. */
export function foreignStage(url: string, dataFolder: string): Stage {
  return stageAt(() => url, dataFolder);
}

/** A process of a record, by the name that people know it by. */
export interface Part {
  readonly name: string;
  readonly pid: number;
}

/** Makes records and ends them; nothing of them is left after `close`. */
export interface Stages {
  /** The most memory that any record had resident, in bytes. */
  readonly peakResident: number;
  /** What is to be said of records that are gone though nobody stopped them. */
  readonly endedByThemselves: readonly string[];
  /** The processes of the records that run now. */
  readonly parts: readonly Part[];
  /** A record to load; whether it is empty depends on the profile. */
  fresh(): Promise<OwnStage>;
  /** The record with this data set, which is loaded by whoever asks for it first; all others are stopped meanwhile. */
  with(name: string, load: (stage: OwnStage) => Promise<void>): Promise<OwnStage>;
  discard(stage: OwnStage): Promise<void>;
  close(): Promise<void>;
}

/** Records of the embedded profile: one process and one folder each. */
export class EmbeddedStages implements Stages {
  readonly #named = new Map<string, OwnStage>();
  readonly #all: { readonly stage: OwnStage; readonly folder: string }[] = [];
  #peak = 0;

  get peakResident(): number {
    for (const { stage } of this.#all) this.#peak = Math.max(this.#peak, stage.peakResident());
    return this.#peak;
  }

  get endedByThemselves(): readonly string[] {
    return this.#all.flatMap(({ stage }) => stage.endedByItself() ?? []);
  }

  get parts(): readonly Part[] {
    return this.#all.flatMap(({ stage }) => stage.parts());
  }

  async fresh(): Promise<OwnStage> {
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bench-'));
    try {
      const stage = await ownStage(folder);
      this.#all.push({ stage, folder });
      return stage;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async with(name: string, load: (stage: OwnStage) => Promise<void>): Promise<OwnStage> {
    const known = this.#named.get(name);
    for (const { stage } of this.#all) if (stage !== known) await stage.stop();
    if (known !== undefined) {
      await known.start();
      return known;
    }
    const made = await this.fresh();
    await load(made);
    this.#named.set(name, made);
    return made;
  }

  async discard(stage: OwnStage): Promise<void> {
    const at = this.#all.findIndex((each) => each.stage === stage);
    if (at < 0) return;
    this.#peak = this.peakResident;
    const [removed] = this.#all.splice(at, 1);
    await stage.stop();
    await rm(removed!.folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const { stage } of [...this.#all]) await this.discard(stage);
  }
}

async function ownStage(folder: string): Promise<OwnStage> {
  const dataFolder = join(folder, 'data');
  const besideFolder = join(folder, 'beside');
  await mkdir(besideFolder, { recursive: true });
  let process = await startRecordProcess(dataFolder, join(besideFolder, 'record.log'));
  let running = true;
  let peak = 0;
  return {
    ...stageAt(() => process.url, dataFolder),
    get url() {
      return process.url;
    },
    peakResident: () => (peak = Math.max(peak, process.peakResident())),
    dataFolder,
    besideFolder,
    endedByItself: () => process.endedByItself(),
    parts: () => (running ? [{ name: 'record', pid: process.pid }] : []),
    stop: async () => {
      await process.stop();
      running = false;
    },
    start: async () => {
      if (running) return process.startedIn;
      peak = Math.max(peak, process.peakResident());
      process = await startRecordProcess(dataFolder, join(besideFolder, 'record.log'));
      running = true;
      return process.startedIn;
    },
  };
}

const TOKEN_TTL = 3_600_000;

function stageAt(url: () => string, dataFolder: string): Stage {
  return stageWith(url, async (role, session) => {
    // Tokens made here carry no session: the record tells them apart by when they expire.
    const minted = await mintToken({ dataFolder, as: role, ttl: TOKEN_TTL + session * 60_000 });
    if (!minted.ok) throw new Error(`No token for ${role} can be made from ${dataFolder}: ${minted.reason}`);
    return minted.token;
  });
}

/** A record at an address, and how tokens for it are come by. */
export function stageWith(url: () => string, token: (role: string, session: number) => Promise<string>): Stage {
  const headers = async (role: string, session = 0): Promise<string> =>
    `authorization: Bearer ${await token(role, session)}\r\ncontent-type: application/fhir+json\r\naccept: application/fhir+json\r\n`;
  return {
    get url() {
      return url();
    },
    headers,
    ask: async (role, method, path, body) => {
      const connection = await LeanConnection.open(url());
      try {
        const answer = await connection.send(method, path, await headers(role), body);
        if (answer.status >= 300) {
          throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
        }
        return answer;
      } finally {
        connection.close();
      }
    },
  };
}
