import type { Position } from '@anamnesis/kernel';
import { QueryRefused, type Document, type Page, type Query, type ReadModelReader } from '@anamnesis/read-store';
import { writeInfinite } from './infinite-json.ts';
import type { Peer } from './peer.ts';
import { READ_MODELS_PATH, type ReadModelAnswer, type ReadModelCall } from './read-model-protocol.ts';

type Key = { readonly type: string; readonly id: string };

/** A read model that the projections service serves. The peer belongs to whoever made it. */
export class RemoteReadModel implements ReadModelReader {
  readonly #path: string;
  readonly #peer: Peer;

  constructor(model: string, peer: Peer) {
    this.#path = `${READ_MODELS_PATH}/${model}`;
    this.#peer = peer;
  }

  get(type: string, id: string): Promise<Document | undefined> {
    return this.#call('get', type, id);
  }

  getMany(keys: readonly Key[]): Promise<Document[]> {
    return this.#call('getMany', keys);
  }

  query(query: Query): Promise<Page> {
    return this.#call('query', query);
  }

  count(query: Pick<Query, 'type' | 'where'>): Promise<number> {
    return this.#call('count', query);
  }

  referredTo(from: readonly Key[], param: string, targetType: string | undefined, limit: number): Promise<Document[]> {
    return this.#call('referredTo', from, param, targetType ?? null, limit);
  }

  referringTo(to: readonly Key[], type: string, param: string, limit: number): Promise<Document[]> {
    return this.#call('referringTo', to, type, param, limit);
  }

  progress(): Promise<Position> {
    return this.#call('progress');
  }

  waitFor(position: Position, timeoutMs: number): Promise<void> {
    return this.#call('waitFor', position, timeoutMs);
  }

  async close(): Promise<void> {
    // Nothing is held here.
  }

  async #call<T>(call: ReadModelCall, ...args: readonly unknown[]): Promise<T> {
    const body = writeInfinite(args);
    const answer = await this.#peer.ask<ReadModelAnswer>({ path: `${this.#path}/${call}`, body });
    if ('refused' in answer) throw new QueryRefused(answer.refused);
    return answer.value as T;
  }
}
