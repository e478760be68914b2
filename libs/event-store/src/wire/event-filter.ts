import type { StoredEvent } from '../port.ts';
import type { streams } from './protocol.ts';
import { invalidArgument } from './rpc-errors.ts';
import { streamOf, typeOf } from './wire-event.ts';

type FilterOptions = InstanceType<typeof streams.ReadReq.Options.FilterOptions>;
type Expression = InstanceType<typeof streams.ReadReq.Options.FilterOptions.Expression>;

/** As many events are looked at between two checkpoints when a client does not say. */
const DEFAULT_WINDOW = 32;
const LONGEST_REGEX = 2_000;

export interface EventFilter {
  readonly wants: (event: StoredEvent) => boolean;
  /** After so many events looked at, a subscription tells how far it is. */
  readonly checkpointInterval: number;
}

/** Throws INVALID_ARGUMENT for a filter that is none. */
export function toEventFilter(options: FilterOptions): EventFilter {
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  const multiplier = options.getCheckpointintervalmultiplier();
  if (window === 0) throw invalidArgument('The search window is at least 1.');
  return { wants: toTest(options), checkpointInterval: Math.max(1, multiplier) * window };
}

function toTest(options: FilterOptions): (event: StoredEvent) => boolean {
  if (options.hasStreamIdentifier()) {
    const matches = toMatch(options.getStreamIdentifier()!);
    return (event) => matches(streamOf(event));
  }
  if (!options.hasEventType()) throw invalidArgument('A filter is on the stream name or on the event type.');
  const matches = toMatch(options.getEventType()!);
  return (event) => matches(typeOf(event));
}

function toMatch(expression: Expression): (text: string) => boolean {
  const source = expression.getRegex();
  const prefixes = expression.getPrefixList();
  if (source === '') {
    if (prefixes.length === 0) throw invalidArgument('A filter has a regular expression or prefixes.');
    return (text) => prefixes.some((prefix) => text.startsWith(prefix));
  }
  if (source.length > LONGEST_REGEX) throw invalidArgument('The regular expression is too long.');
  try {
    const regex = new RegExp(source);
    return (text) => regex.test(text);
  } catch {
    throw invalidArgument('The regular expression of the filter cannot be read.');
  }
}
