import { BadFile } from './bad-file.ts';
import { bytesOf, linesOf, wholeOf, type Bounds, type Line, type Measured } from './bounded-input.ts';
import { submissionOf, type BundleDocument } from './bundle-document.ts';
import { contentKey, Occurrences } from './content-key.ts';
import type { SourceFile } from './source-files.ts';

/** One request of an import: a bundle, or a group of lines as a batch. */
export interface Parcel {
  /** Sent as Idempotency-Key: the same content is taken once, however often it is sent. */
  readonly key: string;
  readonly body: string;
  /** How many resources it holds. */
  readonly entries: number;
  /** Of a group: the line that each entry stood on. */
  readonly lines?: readonly number[];
  /** A parcel that cannot be sent: why. */
  readonly bad?: string;
}

export interface ParcelOptions extends Bounds {
  readonly stdin: NodeJS.ReadableStream;
  /** The most lines in one batch. */
  readonly groupLines: number;
  /** The most bytes in one batch (a single longer line still goes, alone). */
  readonly groupBytes: number;
  readonly measured: Measured;
}

type Json = { readonly resourceType?: unknown; readonly id?: unknown } & BundleDocument;

/**
 * What is sent for a file. A bundle is one parcel; NDJSON (one resource a line) comes in batches. Which of the two it
 * is, the first line says: a JSON document of its own, or only the beginning of one. Throws BadFile.
 */
export async function* parcelsOf(file: SourceFile, options: ParcelOptions): AsyncGenerator<Parcel> {
  const lines = linesOf(bytesOf(file.path, options.stdin, options.measured), options);
  const first = await lines.next();
  if (first.done === true) throw new BadFile('is empty');
  const byLines = /\.(ndjson|jsonl)(\.gz)?$/i.test(file.path) || parsed(textOf(first.value.bytes)) !== undefined;
  if (byLines) {
    yield* groups(first.value, lines, options);
  } else {
    const text = textOf(await wholeOf(first.value, lines, options)).trim();
    const document = parsed(text);
    if (document === undefined) throw new BadFile('is no JSON');
    yield* single(document, text);
  }
}

function* single(document: Json, text: string): Generator<Parcel> {
  if (document.resourceType !== 'Bundle') {
    const group = new Group();
    group.add(1, text);
    yield group.parcel();
    return;
  }
  const submission = submissionOf(document, text);
  if (submission.entries > 0) yield { key: contentKey('bundle', text), ...submission };
}

async function* groups(first: Line, rest: AsyncIterable<Line>, options: ParcelOptions): AsyncGenerator<Parcel> {
  const occurrences = { lines: new Occurrences(), groups: new Occurrences() };
  let group = new Group(occurrences);
  for await (const { number, bytes } of joined(first, rest)) {
    try {
      const text = textOf(bytes).trim();
      if (text === '') continue;
      const document = parsed(text);
      if (document?.resourceType === 'Bundle') yield* single(document, text);
      else group.add(number, text);
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      yield { key: '', body: '', entries: 1, lines: [number], bad: error.message };
    }
    if (group.full(options)) {
      yield group.parcel();
      group = new Group(occurrences);
    }
  }
  if (group.size > 0) yield group.parcel();
}

/** Lines that travel as one batch: one that the record refuses stops no other. */
class Group {
  readonly #entries: string[] = [];
  readonly #lines: number[] = [];
  readonly #occurrences: { readonly lines: Occurrences; readonly groups: Occurrences };
  #bytes = 0;

  constructor(occurrences = { lines: new Occurrences(), groups: new Occurrences() }) {
    this.#occurrences = occurrences;
  }

  get size(): number {
    return this.#entries.length;
  }

  full(limits: Pick<ParcelOptions, 'groupLines' | 'groupBytes'>): boolean {
    return this.#entries.length >= limits.groupLines || this.#bytes >= limits.groupBytes;
  }

  /** The line's own text travels, so that nothing in it is read and written again. */
  add(line: number, text: string): void {
    const resource = parsed(text);
    if (resource === undefined) throw new BadFile('is no JSON');
    if (typeof resource.resourceType !== 'string') throw new BadFile('is no FHIR resource: it has no resourceType');
    if (!/^[A-Za-z]{1,64}$/.test(resource.resourceType)) throw new BadFile('has a resourceType that is none');
    const named = this.#named(resource, text);
    const url = `${resource.resourceType}/${named.id}`;
    this.#entries.push(`{"resource":${named.text},"request":{"method":"PUT","url":${JSON.stringify(url)}}}`);
    this.#lines.push(line);
    this.#bytes += text.length;
  }

  parcel(): Parcel {
    const body = `{"resourceType":"Bundle","type":"batch","entry":[${this.#entries.join(',')}]}`;
    const content = contentKey('group', body);
    const key = contentKey('nth', content, String(this.#occurrences.groups.next(content)));
    return { key, body, entries: this.#entries.length, lines: this.#lines };
  }

  /** A resource without an id gets one from its content: so it is stored once, whatever batch it travels in. */
  #named(resource: Json, text: string): { id: string; text: string } {
    if (typeof resource.id === 'string') return { id: resource.id, text };
    if (resource.id !== undefined) throw new BadFile('has an id that is no text');
    const content = contentKey('line', text);
    const id = contentKey('nth', content, String(this.#occurrences.lines.next(content)));
    return { id, text: `{"id":"${id}",${text.slice(text.indexOf('{') + 1)}` };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Buffer): string {
  try {
    return decoder.decode(bytes); // a byte order mark is left out
  } catch {
    throw new BadFile('is no UTF-8 text');
  }
}

/** The JSON object of the text; undefined when it is none. */
function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function* joined(first: Line, rest: AsyncIterable<Line>): AsyncGenerator<Line> {
  yield first;
  yield* rest;
}
