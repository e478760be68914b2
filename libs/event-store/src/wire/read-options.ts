import type { Position, Revision } from '@anamnesis/kernel';
import type { Direction } from '../port.ts';
import { toEventFilter, type EventFilter } from './event-filter.ts';
import { toRevision } from './expected-version.ts';
import type { MayFollow } from './links.ts';
import { streams } from './protocol.ts';
import type { IdForm } from './recorded-bytes.ts';
import { invalidArgument } from './rpc-errors.ts';
import { readStreamName } from './request-fields.ts';

type Options = InstanceType<typeof streams.ReadReq.Options>;

/** What a client asks to read. `from`: where it begins, or one of the ends. */
export interface ReadOptions {
  readonly source: StreamSource | AllSource;
  readonly direction: Direction;
  /** Missing for a subscription. */
  readonly count?: number;
  readonly resolveLinks: boolean;
  readonly idForm: IdForm;
  /** Clients from version 21.10 on are told where a stream ends. */
  readonly tellsEnds: boolean;
}

/** The same, once it is known that the client may read this and which links it may follow. */
export type Permitted = Omit<ReadOptions, 'resolveLinks'> & { readonly mayFollow: MayFollow };

export interface StreamSource {
  readonly stream: string;
  readonly from: Revision | 'start' | 'end';
}

export interface AllSource {
  readonly stream: undefined;
  readonly from: Position | 'start' | 'end';
  readonly filter?: EventFilter;
}

/** Throws INVALID_ARGUMENT for what is no read. */
export function toReadOptions(options: Options | undefined): ReadOptions {
  if (options === undefined) throw invalidArgument('A read has options.');
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  if (options.hasSubscription() && backwards) throw invalidArgument('A subscription goes forwards.');
  if (!options.hasSubscription() && !options.hasCount()) throw invalidArgument('A read has a count.');
  return {
    source: toSource(options),
    direction: backwards ? 'backwards' : 'forwards',
    ...(options.hasCount() ? { count: toRevision(options.getCount()) } : {}),
    resolveLinks: options.getResolveLinks(),
    idForm: options.getUuidOption()?.hasString() === true ? 'text' : 'halves',
    tellsEnds: (options.getControlOption()?.getCompatibility() ?? 0) >= 1,
  };
}

function toSource(options: Options): StreamSource | AllSource {
  const stream = options.getStream();
  if (stream !== undefined) {
    if (options.hasFilter()) throw invalidArgument('Only $all is read with a filter.');
    const from = stream.hasRevision() ? toRevision(stream.getRevision()) : stream.hasEnd() ? 'end' : 'start';
    return { stream: readStreamName(stream.getStreamIdentifier()), from };
  }
  const all = options.getAll();
  if (all === undefined) throw invalidArgument('A read is of a stream or of $all.');
  const position = all.getPosition();
  const from = position !== undefined ? toRevision(position.getCommitPosition()) : all.hasEnd() ? 'end' : 'start';
  const filter = options.getFilter();
  return { stream: undefined, from, ...(filter === undefined ? {} : { filter: toEventFilter(filter) }) };
}
