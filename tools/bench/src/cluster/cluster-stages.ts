import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack, type Stack, type StackAddresses } from '@anamnesis/stack';
import { residentBytes } from '../resident-bytes.ts';
import { stageWith, type OwnStage, type Part, type Stage, type Stages } from '../stage.ts';
import { StackTokens } from './stack-tokens.ts';

const SAMPLE_EVERY = 500;

/** A record of the cluster profile, with every process of it at hand. */
export interface ClusterStage extends OwnStage {
  readonly stack: Stack;
}

/** A stack that runs already, as its folder tells; `url` instead of the address that stands there. */
export async function foreignStack(folder: string, url?: string): Promise<Stage> {
  const told = JSON.parse(await readFile(join(folder, 'stack.json'), 'utf8')) as StackAddresses;
  const access = { ...told, ...(url !== undefined && { url }) };
  const tokens = new StackTokens(access);
  return stageWith(
    () => access.url,
    (role, session) => tokens.token(role, session),
  );
}

/**
 * Records of the cluster profile. A stack takes most of a minute to start, so the rows that only load something share
 * one, and a data set of a known size gets a stack of its own; one runs at a time, with engines that keep nothing.
 */
export class ClusterStages implements Stages {
  #current: { readonly name: string; readonly stage: ClusterStage; readonly end: () => Promise<void> } | undefined;
  readonly #peaks = new Map<string, number>();
  #peak = 0;
  readonly #note: (line: string) => void;

  constructor(note: (line: string) => void) {
    this.#note = note;
  }

  get peakResident(): number {
    this.#sample();
    return this.#peak;
  }

  /** The most that each process had resident, in bytes, by its name. */
  get peaks(): ReadonlyMap<string, number> {
    this.#sample();
    return this.#peaks;
  }

  get endedByThemselves(): readonly string[] {
    const told = this.#current?.stage.endedByItself();
    return told === undefined ? [] : [told];
  }

  get parts(): readonly Part[] {
    return this.#current?.stage.parts() ?? [];
  }

  fresh(): Promise<ClusterStage> {
    return this.#on('shared');
  }

  async with(name: string, load: (stage: OwnStage) => Promise<void>): Promise<OwnStage> {
    if (this.#current?.name === name) return this.#current.stage;
    const stage = await this.#on(name);
    await load(stage);
    return stage;
  }

  async #on(name: string): Promise<ClusterStage> {
    if (this.#current?.name === name) return this.#current.stage;
    await this.close();
    this.#note('starting a stack');
    const folder = await mkdtemp(join(tmpdir(), 'anamnesis-bench-'));
    try {
      const stack = await startStack({ folder, log: () => undefined });
      const sampling = setInterval(() => this.#sample(), SAMPLE_EVERY).unref();
      const end = async (): Promise<void> => {
        this.#sample();
        clearInterval(sampling);
        await stack.stop();
        await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      };
      const stage = await clusterStage(stack, () => this.#peak);
      this.#current = { name, stage, end };
      return stage;
    } catch (error) {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      throw error;
    }
  }

  #sample(): void {
    let sum = 0;
    for (const { name, pid } of this.parts) {
      const bytes = residentBytes(pid);
      sum += bytes;
      this.#peaks.set(name, Math.max(bytes, this.#peaks.get(name) ?? 0));
    }
    this.#peak = Math.max(this.#peak, sum);
  }

  /** What is shared stays for the next row. */
  async discard(): Promise<void> {
    await Promise.resolve();
  }

  async close(): Promise<void> {
    const ending = this.#current;
    await ending?.end();
    this.#current = undefined;
  }
}

async function clusterStage(stack: Stack, peakResident: () => number): Promise<ClusterStage> {
  const tokens = new StackTokens(stack.addresses);
  const besideFolder = join(stack.addresses.folder, 'beside');
  await mkdir(besideFolder, { recursive: true });
  return {
    ...stageWith(
      () => stack.addresses.url,
      (role, session) => tokens.token(role, session),
    ),
    stack,
    dataFolder: stack.addresses.folder,
    besideFolder,
    peakResident,
    endedByItself: () => (stack.deaths() === 0 ? undefined : 'a service of the stack ended by itself'),
    parts: () => partsOf(stack),
    stop: () => Promise.resolve(), // the next stack ends this one
    start: () => Promise.resolve(0),
  };
}

function partsOf({ services, engines, eventStore }: Stack): Part[] {
  const { kafka, mongodb, keycloak, openbao } = engines;
  const all = [
    ...services.map(({ service, pid }) => ({ name: service as string, pid })),
    ...(kafka?.nodes ?? []).map(({ pid }) => ({ name: 'kafka', pid })),
    { name: 'event store', pid: eventStore?.pid ?? 0 },
    { name: 'mongodb', pid: mongodb?.pid ?? 0 },
    { name: 'keycloak', pid: keycloak?.pid ?? 0 },
    { name: 'openbao', pid: openbao?.pid ?? 0 },
  ];
  return all.filter(({ pid }) => pid !== 0);
}
