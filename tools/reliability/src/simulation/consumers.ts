import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Delivery, EventBus } from '@anamnesis/event-bus';
import type { StoredEvent } from '@anamnesis/event-store';
import { Fault, type EventMeta, type Position } from '@anamnesis/kernel';
import { drawFrom } from '@anamnesis/testing';
import { applyBatch } from '@anamnesis/projections-service';
import type { Model, Parts } from './parts.ts';
import type { Delivering, DeliveryFault, Step } from './plan.ts';
import type { World } from './world.ts';

const PROJECTION = 'projection';
const WITNESS = 'witness';

type Torn = Extract<Step, { do: 'crash' }>['torn'];

/** A copy of the files, older than what they hold now. */
interface Copies {
  readonly bus: string;
  readonly model: string;
}

/**
 * What listens to the log: the projection, which keeps its progress with its effects, and a witness, which keeps its
 * effects durably itself and its progress in the bus.
 */
export class Consumers {
  readonly #parts: Parts;
  readonly #world: World;
  readonly #folder: string;
  readonly #from: Position;
  readonly #remembers: boolean;
  /** Positions that the witness has seen; they survive every crash. */
  readonly seen = new Set<Position>();
  readonly #delivered: Delivery[] = [];
  #held: StoredEvent[] = [];
  #copies = 0;
  #files: Copies;
  #older: Copies;
  #bus: EventBus | undefined;
  #model: Model | undefined;

  private constructor(parts: Parts, world: World, folder: string, from: Position, remembers: boolean) {
    this.#remembers = remembers;
    this.#parts = parts;
    this.#world = world;
    this.#folder = folder;
    this.#from = from;
    this.#files = this.#older = this.#newFolders();
  }

  /** `remembers`: keeps copies of the files as they were, for crashes that tear them. */
  static async open(
    parts: Parts,
    world: World,
    folder: string,
    from: Position,
    remembers: boolean,
  ): Promise<Consumers> {
    const consumers = new Consumers(parts, world, folder, from, remembers);
    await consumers.#open();
    await consumers.model.writer.apply([], from);
    await consumers.#remember();
    return consumers;
  }

  get model(): Model {
    return this.#model!;
  }

  /** How far the bus says that the witness is. */
  async witnessed(): Promise<Position> {
    return Math.max(this.#from, await this.#bus!.progress(WITNESS));
  }

  /** Delivers until the consumers have all that the log holds, or until they die. Whether they died. */
  async deliver(step: Delivering): Promise<boolean> {
    const target = await this.#world.store.head();
    await this.#witness(target, step);
    const left = await this.#project(target, step);
    if (left === undefined) {
      await this.#remember();
      return false;
    }
    await this.close();
    await this.#reopen(left);
    return true;
  }

  /** One of the deliveries that were ever made comes once more. */
  async again(choice: number): Promise<void> {
    const earlier = this.#delivered[choice % Math.max(1, this.#delivered.length)];
    if (earlier) await this.#apply(earlier.events, earlier.through);
  }

  /** Everything in memory is gone, and of the files what was not synced, where the plan says so. */
  async crash(torn: Torn, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const left = this.#leave(torn);
    await this.close();
    await meanwhile();
    await this.#reopen(left);
  }

  async close(): Promise<void> {
    await this.#bus?.close();
    await this.#model?.close();
  }

  /** The bus's consumers are done with what was delivered; what they wrote may still be lost. */
  async #remember(): Promise<void> {
    if (!this.#remembers) return;
    const copies = this.#newFolders();
    this.#parts.copy(this.#files.bus, copies.bus);
    this.#parts.copy(this.#files.model, copies.model);
    this.#older = copies;
  }

  /** The files as they stand, or as they stood. */
  #leave(torn: Torn): Copies {
    const left = this.#newFolders();
    this.#parts.copy(torn === 'bus' || torn === 'both' ? this.#older.bus : this.#files.bus, left.bus);
    this.#parts.copy(torn === 'model' || torn === 'both' ? this.#older.model : this.#files.model, left.model);
    return left;
  }

  async #reopen(left: Copies): Promise<void> {
    this.#held = [];
    this.#files = left;
    await this.#open();
  }

  async #open(): Promise<void> {
    this.#bus = this.#parts.openBus(this.#files.bus, this.#world.store);
    this.#model = await this.#parts.openModel(this.#files.model);
  }

  #newFolders(): Copies {
    this.#copies += 1;
    const folders = {
      bus: join(this.#folder, `bus-${this.#copies}`),
      model: join(this.#folder, `model-${this.#copies}`),
    };
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
    return folders;
  }

  /** Its handler fails now and then, before or after its effect; the bus must not take that for handled. */
  async #witness(target: Position, { batchSize, faults }: Delivering): Promise<void> {
    if ((await this.witnessed()) >= target) return;
    let count = -1;
    await this.#consume({ group: WITNESS, batchSize, from: this.#from }, target, async ({ events }) => {
      const fault = faults[(count += 1)]?.kind;
      if (fault === 'fails-before') throw failing('The simulation fails the witness.');
      for (const { position } of events) this.seen.add(position);
      if (fault === 'fails-after') throw failing('The simulation fails the witness after its effect.');
    });
  }

  /** What a death in its midst left; undefined: it did not die. */
  async #project(target: Position, { batchSize, faults, crash }: Delivering): Promise<Copies | undefined> {
    const resumeAt = await this.model.writer.progress();
    if (resumeAt >= target) return undefined;
    let count = -1;
    let left: Copies | undefined;
    await this.#consume({ group: PROJECTION, batchSize, resumeAt }, target, async (delivery, finish) => {
      count += 1;
      if (crash?.at !== count) return this.#faulty(delivery, target, faults[count]);
      if (crash.stage === 'midst') await this.#half(delivery);
      if (crash.stage === 'after') await this.#take(delivery);
      left = this.#leave('none');
      finish();
      throw failing('The simulation kills the consumers.');
    });
    return left;
  }

  /** Consumes until everything up to `target` was handled, or until the handler calls it a day. */
  async #consume(
    options: { group: string; batchSize: number; from?: Position; resumeAt?: Position },
    target: Position,
    handler: (delivery: Delivery, finish: () => void) => Promise<void>,
  ): Promise<void> {
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    const consumer = await this.#bus!.consume(options, async (delivery) => {
      await handler(delivery, finish);
      if (delivery.through >= target) finish();
    });
    await Promise.race([finished, consumer.ended]);
    await consumer.stop();
  }

  async #faulty(delivery: Delivery, target: Position, fault: DeliveryFault | undefined): Promise<void> {
    switch (fault?.kind) {
      case 'fails-before':
        throw failing('The simulation fails this delivery.');
      case 'fails-after':
        await this.#take(delivery);
        throw failing('The simulation fails this delivery after it was taken.');
      case 'duplicate':
        await this.#take(delivery);
        return this.#take(delivery);
      case 'replay': {
        await this.#take(delivery);
        return this.again(fault.choice);
      }
      case 'reorder':
        return this.#reordered(delivery, fault.choice);
      case 'delay':
        return this.#delayed(delivery, target, fault.choice);
      default:
        return this.#take(delivery);
    }
  }

  /** Takes a delivery, and after it what was held back: progress waits for the oldest of that. */
  async #take(delivery: Delivery): Promise<void> {
    const late = this.#release();
    await this.#apply(delivery.events, late[0] ? late[0].position - 1 : delivery.through);
    if (late.length > 0) await this.#apply(late, delivery.through);
    this.#delivered.push(delivery);
  }

  #release(): StoredEvent[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** Patients' events in another order among each other; each patient's stay in theirs. Progress moves at the end. */
  async #reordered(delivery: Delivery, choice: number): Promise<void> {
    const draw = drawFrom('order', choice);
    const groups = [...Map.groupBy(delivery.events, patientOf).values()];
    const progress = await this.model.writer.progress();
    while (groups.length > 0) await this.#apply(groups.splice(draw.whole(0, groups.length - 1), 1)[0]!, progress);
    await this.#take({ ...delivery, events: [] });
  }

  /** One patient's events come only with the next delivery; progress waits for them. Not at the end of the log. */
  async #delayed(delivery: Delivery, target: Position, choice: number): Promise<void> {
    if (delivery.through >= target) return this.#take(delivery);
    const late = this.#release();
    const patients = [...new Set(delivery.events.map(patientOf))];
    const slow = patients[choice % Math.max(1, patients.length)];
    const held = [...late, ...delivery.events.filter((event) => patientOf(event) === slow)];
    const rest = delivery.events.filter((event) => patientOf(event) !== slow);
    this.#held = held;
    const through = held.length === 0 ? delivery.through : held[0]!.position - 1;
    await this.#apply(rest, through);
    this.#delivered.push(delivery);
  }

  /** The first half of a delivery took effect, and nobody noted it. */
  async #half({ events }: Delivery): Promise<void> {
    await this.#apply(events.slice(0, Math.ceil(events.length / 2)), await this.model.writer.progress());
  }

  async #apply(events: readonly StoredEvent[], through: Position): Promise<void> {
    const operations = await this.#parts.project(events, this.#world.journal);
    await applyBatch(this.model.writer, operations, events, through);
  }
}

/** A fault of the world: the bus repeats the delivery, where it would set aside what a bug rejects. */
function failing(message: string): Fault {
  return new Fault('read-model-unavailable', message, { retryable: true });
}

/** Whose events keep their order; an event whose envelope cannot be read is nobody's. */
function patientOf({ meta, position }: StoredEvent): string {
  try {
    return (JSON.parse(meta) as EventMeta).subject ?? `of nobody ${position}`;
  } catch {
    return `unreadable ${position}`;
  }
}
