import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BadFile } from './bad-file.ts';

export interface Bounds {
  /** The longest document or line, in bytes after decompression. */
  readonly document: number;
}

/** Real FHIR JSON shrinks to between a tenth and a fiftieth; deflate can reach a thousandth. */
const LARGEST_RATIO = 200;
const RATIO_COUNTS_FROM = 64 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** What has been read: on disk, and after decompression. */
export interface Measured {
  raw: number;
  out: number;
}

/** The bytes of a file, decompressed where they begin as gzip does (RFC 1952), refused when they swell like a bomb. */
export async function* bytesOf(path: string, stdin: NodeJS.ReadableStream, measured: Measured): AsyncGenerator<Buffer> {
  const source = (path === '-' ? stdin : createReadStream(path)) as Readable;
  const chunks = metered(source, measured);
  const first = await chunks.next();
  if (first.done === true) return;
  const gzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const all = joined(first.value, chunks);
  if (!gzip) {
    for await (const chunk of all) yield counted(chunk, measured, false);
    return;
  }
  const gunzip = createGunzip();
  // What fails the source or the gunzip reaches the loop below as the gunzip's own error.
  pipeline(all, gunzip).catch(() => undefined);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) yield counted(chunk, measured, true);
  } catch (error) {
    if (error instanceof BadFile) throw error;
    throw new BadFile('is no whole gzip file');
  }
}

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
}

/** The lines of the bytes that are not empty; a document without line ends is one line. */
export async function* linesOf(bytes: AsyncIterable<Buffer>, bounds: Bounds): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      if (length + end - start > 0) {
        yield { number, bytes: within(Buffer.concat([...parts, chunk.subarray(start, end)]), bounds) };
        parts = [];
        length = 0;
      }
      number += 1;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > bounds.document) throw tooLong(bounds);
  }
  if (length > 0) yield { number, bytes: Buffer.concat(parts) };
}

/** The first line and the rest of the lines as one document. */
export async function wholeOf(first: Line, lines: AsyncIterable<Line>, bounds: Bounds): Promise<Buffer> {
  const parts = [first.bytes];
  let length = first.bytes.length;
  for await (const { bytes } of lines) {
    parts.push(Buffer.of(LINE_FEED), bytes);
    length += bytes.length + 1;
    if (length > bounds.document) throw tooLong(bounds);
  }
  return Buffer.concat(parts);
}

function within(line: Buffer, bounds: Bounds): Buffer {
  if (line.length > bounds.document) throw tooLong(bounds);
  return line;
}

function tooLong(bounds: Bounds): BadFile {
  return new BadFile(`holds a document of more than ${bounds.document} bytes`);
}

function counted(chunk: Buffer, measured: Measured, gzip: boolean): Buffer {
  measured.out += chunk.length;
  if (gzip && measured.out > RATIO_COUNTS_FROM && measured.out > LARGEST_RATIO * measured.raw) {
    throw new BadFile(`swells to more than ${LARGEST_RATIO} times its size when decompressed`);
  }
  return chunk;
}

async function* metered(source: Readable, measured: Measured): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer | string>) {
      const buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      measured.raw += buffer.length;
      if (buffer.length > 0) yield buffer;
    }
  } catch {
    throw new BadFile('cannot be read');
  }
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
