import type { Caller } from '@anamnesis/identity';
import type { Include, ParsedSearch } from '@anamnesis/fhir/search';
import type { Document, ReadModelReader } from '@anamnesis/read-store';
import type { AccessControl } from './access.ts';

/** Most resources that are included beside the matches of one page, and how often `:iterate` goes round. */
const LIMIT = 1_000;
const ROUNDS = 5;

/** `_include` and `_revinclude` (R4 search.html#include), with what the caller may not see left out. */
export class Includes {
  readonly #records: ReadModelReader;
  readonly #access: AccessControl;

  constructor(records: ReadModelReader, access: AccessControl) {
    this.#records = records;
    this.#access = access;
  }

  async of(
    caller: Caller,
    matches: readonly Document[],
    { includes, revincludes }: Pick<ParsedSearch, 'includes' | 'revincludes'>,
  ): Promise<readonly Document[]> {
    if (includes.length + revincludes.length === 0 || matches.length === 0) return [];
    const seen = new Set(matches.map(keyOf));
    const found: Document[] = [];
    let frontier = matches;
    for (let round = 0; round < ROUNDS && frontier.length > 0 && found.length < LIMIT; round += 1) {
      const applies = (include: Include): boolean => round === 0 || include.iterate;
      const next: Document[] = [];
      for (const include of includes.filter(applies)) next.push(...(await this.#forward(frontier, include)));
      for (const include of revincludes.filter(applies)) next.push(...(await this.#backward(frontier, include)));
      frontier = next.filter((document) => {
        const key = keyOf(document);
        if (seen.has(key) || !this.#access.allows(caller, 'read', document.type)) return false;
        seen.add(key);
        return true;
      });
      frontier = await this.#access.visible(caller, frontier);
      found.push(...frontier.slice(0, LIMIT - found.length));
    }
    return found;
  }

  async #forward(from: readonly Document[], { source, params, target }: Include): Promise<readonly Document[]> {
    const sources = from.filter(({ type }) => type === source);
    if (sources.length === 0) return [];
    const found = await Promise.all(params.map((param) => this.#records.referredTo(sources, param, target, LIMIT)));
    return found.flat();
  }

  async #backward(to: readonly Document[], { source, params, target }: Include): Promise<readonly Document[]> {
    const targets = target === undefined ? to : to.filter(({ type }) => type === target);
    if (targets.length === 0) return [];
    const found = await Promise.all(params.map((param) => this.#records.referringTo(targets, source, param, LIMIT)));
    return found.flat();
  }
}

const keyOf = ({ type, id }: { type: string; id: string }): string => `${type}/${id}`;
