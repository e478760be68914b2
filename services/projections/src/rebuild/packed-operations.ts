/**
 * Operations on their way from one thread to another. As objects they cost more to copy than to make; packed, a batch
 * is one string, one list of names and one block of numbers, which moves without a copy.
 */
import type { IndexEntry, Operation } from '@anamnesis/read-store';

export interface PackedOperations {
  /** Everything that is written once: ids, bodies, values, one after another. */
  readonly text: string;
  /** What repeats: parameters, systems, types; each once. */
  readonly names: readonly string[];
  readonly numbers: Float64Array<ArrayBuffer>;
}

const PUT = 0;
const REMOVE = 1;
const PURGE = 2;
const KINDS = ['token', 'string', 'range', 'reference', 'uri'] as const;
const ABSENT = -1;

export function pack(operations: readonly Operation[]): PackedOperations {
  const writer = new Packer();
  for (const operation of operations) writer.operation(operation);
  return writer.packed();
}

class Packer {
  readonly #parts: string[] = [];
  readonly #names = new Map<string, number>();
  #numbers = new Float64Array(16_384);
  #used = 0;

  operation(operation: Operation): void {
    if ('put' in operation) {
      const { type, id, body, subject, lastUpdated, entries } = operation.put;
      this.#number(PUT);
      this.#number(operation.position);
      this.#name(type);
      this.#text(id);
      this.#text(body);
      this.#name(subject);
      this.#number(lastUpdated);
      this.#number(entries.length);
      for (const entry of entries) this.#entry(entry);
    } else if ('remove' in operation) {
      this.#number(REMOVE);
      this.#number(operation.position);
      this.#name(operation.remove.type);
      this.#text(operation.remove.id);
    } else {
      this.#number(PURGE);
      this.#number(operation.position);
      this.#name(operation.purge.subject);
    }
  }

  packed(): PackedOperations {
    return { text: this.#parts.join(''), names: [...this.#names.keys()], numbers: this.#numbers.slice(0, this.#used) };
  }

  #entry(entry: IndexEntry): void {
    this.#number(KINDS.indexOf(entry.kind));
    this.#name(entry.param);
    this.#number(entry.tuple ?? 0);
    switch (entry.kind) {
      case 'token':
        this.#name(entry.system);
        this.#text(entry.code);
        break;
      case 'string':
        this.#text(entry.value);
        this.#text(entry.normalised);
        break;
      case 'range':
        this.#number(entry.low);
        this.#number(entry.high);
        this.#name(entry.system);
        this.#name(entry.code);
        break;
      case 'reference':
        this.#name(entry.type);
        this.#text(entry.id);
        break;
      case 'uri':
        this.#text(entry.value);
        break;
    }
  }

  #number(value: number): void {
    if (this.#used === this.#numbers.length) {
      const more = new Float64Array(this.#used * 2);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    this.#numbers[this.#used++] = value;
  }

  #text(value: string): void {
    this.#parts.push(value);
    this.#number(value.length);
  }

  #name(value: string | undefined): void {
    if (value === undefined) {
      this.#number(ABSENT);
      return;
    }
    let index = this.#names.get(value);
    if (index === undefined) this.#names.set(value, (index = this.#names.size));
    this.#number(index);
  }
}

export function unpack(packed: PackedOperations): Operation[] {
  const reader = new Unpacker(packed);
  const operations: Operation[] = [];
  while (!reader.done) operations.push(reader.operation());
  return operations;
}

class Unpacker {
  readonly #packed: PackedOperations;
  #at = 0;
  #textAt = 0;

  constructor(packed: PackedOperations) {
    this.#packed = packed;
  }

  get done(): boolean {
    return this.#at === this.#packed.numbers.length;
  }

  operation(): Operation {
    const kind = this.#number();
    const position = this.#number();
    if (kind === PURGE) return { purge: { subject: this.#name()! }, position };
    const type = this.#name()!;
    const id = this.#text();
    if (kind === REMOVE) return { remove: { type, id }, position };
    const body = this.#text();
    const subject = this.#name();
    const lastUpdated = this.#number();
    const entries = Array.from({ length: this.#number() }, () => this.#entry());
    return { put: { type, id, body, lastUpdated, entries, ...(subject !== undefined && { subject }) }, position };
  }

  #entry(): IndexEntry {
    const kind = KINDS[this.#number()]!;
    const param = this.#name()!;
    const tuple = this.#number();
    const entry = this.#value(kind, param);
    return tuple === 0 ? entry : { ...entry, tuple };
  }

  #value(kind: IndexEntry['kind'], param: string): IndexEntry {
    switch (kind) {
      case 'token':
        return { param, kind, system: this.#name()!, code: this.#text() };
      case 'string':
        return { param, kind, value: this.#text(), normalised: this.#text() };
      case 'range':
        return this.#range(param);
      case 'reference':
        return { param, kind, type: this.#name()!, id: this.#text() };
      case 'uri':
        return { param, kind, value: this.#text() };
    }
  }

  #range(param: string): IndexEntry {
    const low = this.#number();
    const high = this.#number();
    const system = this.#name();
    const code = this.#name();
    const unit = { ...(system !== undefined && { system }), ...(code !== undefined && { code }) };
    return { param, kind: 'range', low, high, ...unit };
  }

  #number(): number {
    return this.#packed.numbers[this.#at++]!;
  }

  #text(): string {
    const from = this.#textAt;
    this.#textAt += this.#number();
    return this.#packed.text.slice(from, this.#textAt);
  }

  #name(): string | undefined {
    const index = this.#number();
    return index === ABSENT ? undefined : this.#packed.names[index]!;
  }
}
