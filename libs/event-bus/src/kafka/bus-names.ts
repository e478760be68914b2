import { kindOf, ownerOf, storableTypes, type ContextName } from '@anamnesis/contracts';

/** The contexts that have a topic. */
export const BUS_CONTEXTS: readonly ContextName[] = [
  'patients',
  'encounters',
  'orders',
  'billing',
  'directory',
  'audit',
];

/** Kinds of streams that are of no resource type, and whose they are. */
const OTHER_KINDS: Readonly<Record<string, ContextName>> = {
  identifier: 'patients',
  hold: 'patients',
  erasure: 'patients',
};

/** Every known kind, and whose it is. */
const CONTEXT_OF_KIND: ReadonlyMap<string, ContextName> = new Map([
  ...storableTypes().map((type) => [ownerOf(type)!.kind, ownerOf(type)!.context] as const),
  ...Object.entries(OTHER_KINDS),
]);

/**
 * Whose topic a stream's events go to; undefined: to none. Records of access stay in the store: they are as many as
 * reads, and the audit reads them there. What belongs to no context is about the record itself, so the audit's.
 */
export function contextOfStream(stream: string): ContextName | undefined {
  if (stream.startsWith('access-')) return undefined;
  return CONTEXT_OF_KIND.get(kindOf(stream)) ?? 'audit';
}

/**
 * The contexts whose topics may hold streams that begin so. `device-` begins the streams of `device-use-statement`
 * too, which are another context's; a beginning that no known kind has may be anybody's.
 */
export function contextsOfPrefixes(prefixes: readonly string[]): readonly ContextName[] {
  const found = new Set<ContextName>();
  for (const prefix of prefixes) {
    const matching = [...CONTEXT_OF_KIND].filter(
      ([kind]) => `${kind}-`.startsWith(prefix) || prefix.startsWith(`${kind}-`),
    );
    if (matching.length === 0) return BUS_CONTEXTS;
    for (const [, context] of matching) found.add(context);
  }
  return BUS_CONTEXTS.filter((context) => found.has(context));
}

/** What everything of one bus is called in the cluster. */
export class BusNames {
  readonly #prefix: string;

  /** `prefix` sets one record's bus apart from another's on the same cluster. */
  constructor(prefix = 'anamnesis') {
    this.#prefix = prefix;
  }

  topic(context: string): string {
    return `${this.#prefix}.${context}`;
  }

  contextOf(topic: string): string {
    return topic.slice(this.#prefix.length + 1);
  }

  get deadLetters(): string {
    return this.topic('dead-letters');
  }

  get relayProgress(): string {
    return this.topic('relay-progress');
  }

  /** The transactional id of whoever relays: the broker lets one producer of it live. */
  get relay(): string {
    return this.topic('relay');
  }

  group(group: string): string {
    return `${this.#prefix}.${group}`;
  }
}

export interface Lane {
  readonly topic: string;
  readonly partition: number;
}

export function laneName({ topic, partition }: Lane): string {
  return `${topic}/${partition}`;
}

export function laneOf(name: string): Lane {
  const slash = name.lastIndexOf('/');
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) };
}
