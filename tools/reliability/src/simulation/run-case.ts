import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { newId, type Position, type RecordedFact } from '@anamnesis/kernel';
import type { StoredEvent } from '@anamnesis/event-store';
import type { Operation } from '@anamnesis/read-store';
import { drawFrom } from '@anamnesis/testing';
import { Client } from './commands.ts';
import { Consumers } from './consumers.ts';
import { checkAgainstClean, checkCommands, checkModel, checkStreams, checkWitness } from './invariants.ts';
import type { Model, Parts } from './parts.ts';
import type { Plan, Step } from './plan.ts';
import { appendPoison, POISON_CODES } from './poison.ts';
import { checkSearches } from './searches.ts';
import { Turns } from './turns.ts';
import type { World } from './world.ts';

export interface CaseReport {
  readonly seed: string;
  /** What is wrong; nothing, when nothing is. */
  readonly failures: readonly string[];
  /** A hash of the plan and of what came of it, times left out: the same for the same seed. */
  readonly trace: string;
}

/** Runs one plan on a world, and judges what came of it. */
export async function runCase(plan: Plan, world: World, parts: Parts): Promise<CaseReport> {
  const folder = await world.folderFor(`case-${newId()}`);
  const running = new Case(plan, world, parts, folder);
  try {
    return await running.run();
  } finally {
    await running.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Case {
  readonly #plan: Plan;
  readonly #world: World;
  readonly #parts: Parts;
  readonly #folder: string;
  readonly #clients = new Map<string, Client>();
  readonly #failures: string[] = [];
  /** The codes of poison events, in the log's order. */
  readonly #poison: string[] = [];
  #from: Position = 0;
  #consumers: Consumers | undefined;
  #clean: Model | undefined;

  constructor(plan: Plan, world: World, parts: Parts, folder: string) {
    this.#plan = plan;
    this.#world = world;
    this.#parts = parts;
    this.#folder = folder;
  }

  async run(): Promise<CaseReport> {
    this.#from = await this.#world.store.head();
    const torn = this.#plan.steps.some((step) => step.do === 'crash' && step.torn !== 'none');
    this.#consumers = await Consumers.open(this.#parts, this.#world, this.#folder, this.#from, torn);
    for (const step of this.#plan.steps) await this.#step(step);
    for (const client of this.#clients.values()) await client.insist(this.#world);
    await this.#consumers.deliver({ do: 'deliver', batchSize: 100, faults: [] });
    for (const choice of this.#plan.overlap) await this.#consumers.again(choice);
    await this.#judge();
    const facts = await this.#facts(await this.#log());
    return { seed: this.#plan.seed, failures: this.#failures, trace: this.#traceOf(facts) };
  }

  async close(): Promise<void> {
    await this.#consumers?.close();
    await this.#clean?.close();
  }

  async #step(step: Step): Promise<void> {
    const world = this.#world;
    const consumers = this.#consumers!;
    switch (step.do) {
      case 'write': {
        const clients = step.commands.map((command) => new Client(this.#parts, command));
        for (const client of clients) this.#clients.set(client.command.id, client);
        const turns = new Turns(drawFrom('turns', clients[0]!.command.id), clients.length);
        await Promise.all(clients.map((client) => client.ask(world, turns)));
        return;
      }
      case 'repeat':
        await this.#clients.get(step.command)!.ask(world);
        return;
      case 'poison':
        this.#poison.push(POISON_CODES[step.kind]);
        return appendPoison(world, step);
      case 'erase':
        return this.#erase(step.subject, step.id);
      case 'deliver':
        if (await consumers.deliver(step)) await this.#lookAfterCrash();
        return;
      case 'crash':
        await consumers.crash(step.torn, step.what === 'everything' ? () => world.crash() : undefined);
        return this.#lookAfterCrash();
    }
  }

  async #erase(subject: string, id: string): Promise<void> {
    const fact = { type: 'PatientErased', schema: 1, facts: { subjects: [subject] } };
    const pending = [
      { stream: `erasure-${id}`, expected: 'none' as const, facts: [fact], subject, dataClass: 'clinical' as const },
    ];
    const actor = { id: 'simulated', role: 'compliance-officer', purpose: 'HOPERAT' };
    await this.#world.journal.commit(pending, { command: id, actor, correlation: id });
  }

  /** Progress is never beyond what is there. */
  async #lookAfterCrash(): Promise<void> {
    const { model, seen } = this.#consumers!;
    const log = await this.#log();
    const through = await model.writer.progress();
    this.#failures.push(
      ...(await checkModel(model, await this.#facts(log), through)).map(
        (what) => `after a crash, at ${through}: ${what}`,
      ),
      ...checkWitness(log, seen, await this.#consumers!.witnessed()),
    );
  }

  async #judge(): Promise<void> {
    const { model, seen } = this.#consumers!;
    const log = await this.#log();
    const facts = await this.#facts(log);
    const head = log.at(-1)?.position ?? this.#from;
    const through = await model.writer.progress();
    if (through !== head) this.#failures.push(`the read model's progress is ${through}, and the log ends at ${head}`);
    const operations = await this.#parts.project(log, this.#world.journal);
    this.#failures.push(
      ...checkCommands([...this.#clients.values()], facts),
      ...checkStreams(facts),
      ...(await checkModel(model, facts, head)),
      ...(await checkAgainstClean(model, operations)),
      ...checkWitness(log, seen, await this.#consumers!.witnessed()),
      ...(await this.#checkPoison(model, log)),
    );
    if (this.#plan.searched) await this.#search(model, operations, head);
  }

  async #search(model: Model, operations: readonly Operation[], head: Position): Promise<void> {
    this.#clean = await this.#parts.openModel(join(this.#folder, 'clean'));
    await this.#clean.writer.apply(operations, head);
    this.#failures.push(...(await checkSearches(model, this.#clean, operations, head)));
  }

  /** A poison event is told of by its code, and costs nobody else anything. */
  async #checkPoison(model: Model, log: readonly StoredEvent[]): Promise<string[]> {
    const found: string[] = [];
    for (const { position } of log) {
      const document = await model.get('PoisonEvent', String(position));
      if (document) found.push((JSON.parse(document.body) as { code: string }).code);
    }
    const same = found.join() === this.#poison.join();
    return same ? [] : [`poison events: ${found.join(', ')} instead of ${this.#poison.join(', ')}`];
  }

  /** The case's part of the log. */
  async #log(): Promise<StoredEvent[]> {
    return this.#world.store.readAll({ from: this.#from, limit: 10_000 });
  }

  /** Opened; poison left out. */
  async #facts(log: readonly StoredEvent[]): Promise<RecordedFact[]> {
    const facts: RecordedFact[] = [];
    for (const stored of log) {
      const opened = await this.#world.journal.open(stored).catch(() => undefined);
      if (opened && !('erased' in opened) && opened.type !== 'PoisonRecorded') facts.push(opened);
    }
    return facts;
  }

  #traceOf(facts: readonly RecordedFact[]): string {
    const told = [...this.#clients.values()].map(({ answers }) => answers.map(({ kind }) => kind));
    const stood = facts.map(({ position, stream, revision, type, meta }) => [
      position - this.#from,
      stream,
      revision,
      type,
      meta.command,
    ]);
    return createHash('sha256')
      .update(JSON.stringify([this.#plan, told, stood, this.#failures.length]))
      .digest('hex');
  }
}
