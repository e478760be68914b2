import type { Position } from '@anamnesis/kernel';
import type { Document, Operation, ReadModelWriter } from '@anamnesis/read-store';

/** The simplest read model there is: each operation is carried out as it comes. Right only for a log read once, in order. */
export class MemoryModel implements ReadModelWriter {
  readonly #documents = new Map<string, Document>();
  #progress: Position = 0;

  constructor(from?: MemoryModel) {
    if (!from) return;
    this.#progress = from.#progress;
    for (const [name, document] of from.#documents) this.#documents.set(name, document);
  }

  async apply(operations: readonly Operation[], through: Position): Promise<void> {
    for (const operation of operations) this.#carryOut(operation);
    this.#progress = Math.max(this.#progress, through);
  }

  async progress(): Promise<Position> {
    return this.#progress;
  }

  async get(type: string, id: string): Promise<Document | undefined> {
    return this.#documents.get(`${type}/${id}`);
  }

  async close(): Promise<void> {
    return undefined;
  }

  #carryOut(operation: Operation): void {
    if ('put' in operation) {
      const { entries: _, ...document } = operation.put;
      this.#documents.set(`${document.type}/${document.id}`, { ...document, position: operation.position });
    } else if ('remove' in operation) {
      this.#documents.delete(`${operation.remove.type}/${operation.remove.id}`);
    } else {
      for (const [name, { subject }] of this.#documents) {
        if (subject === operation.purge.subject) this.#documents.delete(name);
      }
    }
  }
}
