import { storedHierarchy, type SystemCode, type Terminology } from '@anamnesis/fhir/search';
import type { ReadModelReader } from '@anamnesis/read-store';

interface Concept {
  readonly code?: string;
  readonly concept?: readonly Concept[];
}
interface Compose {
  readonly system?: string;
  readonly concept?: readonly Concept[];
  readonly valueSet?: readonly string[];
  readonly filter?: readonly unknown[];
}
interface ValueSet {
  readonly compose?: { readonly include?: readonly Compose[]; readonly exclude?: readonly Compose[] };
  readonly expansion?: {
    readonly contains?: readonly (Concept & { readonly system?: string; readonly contains?: readonly Concept[] })[];
  };
}

/** Most value sets that one expansion goes through. */
const DEPTH = 10;
/** Most resources of a hierarchy. */
const HIERARCHY = 1_000;

/**
 * Value sets and code systems as they are stored in this record: enumerations, expansions, other value sets and the
 * hierarchy of a code system. What needs a terminology server (filters) is not known here, and said so.
 */
export class StoredTerminology implements Terminology {
  readonly #records: ReadModelReader;

  constructor(records: ReadModelReader) {
    this.#records = records;
  }

  expand(valueSet: string): Promise<readonly SystemCode[] | undefined> {
    return this.#expand(valueSet, DEPTH);
  }

  async related(
    system: string,
    code: string,
    direction: 'above' | 'below',
  ): Promise<readonly SystemCode[] | undefined> {
    const found = await this.#byUrl('CodeSystem', system);
    if (!found) return undefined;
    const concepts = (found as { concept?: readonly Concept[] }).concept ?? [];
    const path = pathTo(concepts, code);
    if (!path) return undefined;
    const codes = direction === 'above' ? path : [path.at(-1)!].flatMap(withDescendants);
    return codes.map((concept) => ({ system, code: concept.code! }));
  }

  /** Organisations, places and the like that are part of one another. */
  hierarchy(type: string, param: string, id: string, direction: 'above' | 'below') {
    return storedHierarchy(this.#records, type, param, id, direction, HIERARCHY);
  }

  async #expand(url: string, depth: number): Promise<readonly SystemCode[] | undefined> {
    const found = depth > 0 ? ((await this.#byUrl('ValueSet', url)) as ValueSet | undefined) : undefined;
    if (!found) return undefined;
    const listed = found.expansion?.contains;
    if (listed)
      return listed
        .filter(({ code, system }) => code && system)
        .map(({ code, system }) => ({ code: code!, system: system! }));
    if (found.compose?.exclude?.length) return undefined;
    const all: SystemCode[] = [];
    for (const include of found.compose?.include ?? []) {
      const codes = await this.#included(include, depth);
      if (!codes) return undefined;
      all.push(...codes);
    }
    return all;
  }

  async #included(
    { system, concept, valueSet, filter }: Compose,
    depth: number,
  ): Promise<readonly SystemCode[] | undefined> {
    if (filter?.length) return undefined;
    if (valueSet?.length) {
      const parts = await Promise.all(valueSet.map((url) => this.#expand(url, depth - 1)));
      if (parts.some((part) => part === undefined)) return undefined;
      return parts.flatMap((part) => part!);
    }
    if (system === undefined) return undefined;
    if (concept) return concept.filter(({ code }) => code).map(({ code }) => ({ system, code: code! }));
    const whole = (await this.#byUrl('CodeSystem', system)) as { concept?: readonly Concept[] } | undefined;
    return whole?.concept?.flatMap(withDescendants).map(({ code }) => ({ system, code: code! }));
  }

  async #byUrl(type: 'ValueSet' | 'CodeSystem', url: string): Promise<object | undefined> {
    if (url.startsWith(`${type}/`)) {
      const document = await this.#records.get(type, url.slice(type.length + 1));
      return document && (JSON.parse(document.body) as object);
    }
    const exact = url.split('|')[0]!;
    const page = await this.#records.query({ type, where: { param: 'url', uri: { exact } }, limit: 1 });
    const [document] = page.documents;
    return document && (JSON.parse(document.body) as object);
  }
}

const withDescendants = (concept: Concept): readonly Concept[] => [
  concept,
  ...(concept.concept ?? []).flatMap(withDescendants),
];

/** The concepts from a root down to the code, the code itself last. */
function pathTo(concepts: readonly Concept[], code: string): readonly Concept[] | undefined {
  for (const concept of concepts) {
    if (concept.code === code) return [concept];
    const below = pathTo(concept.concept ?? [], code);
    if (below) return [concept, ...below];
  }
  return undefined;
}
