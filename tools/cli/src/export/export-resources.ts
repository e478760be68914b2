import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Client } from '../client.ts';
import { failed, usage } from '../exit.ts';
import { pagedEntries } from '../fhir-pages.ts';
import { count, type Terminal } from '../terminal.ts';

export interface ExportOptions {
  /** A folder, or `-` for stdout. */
  readonly to: string;
  /** Default: every type that the record serves. */
  readonly types?: readonly string[];
  readonly history: boolean;
  readonly gzip: boolean;
}

export interface Exported {
  readonly type: string;
  readonly resources: number;
  readonly file: string;
}

interface Capabilities {
  readonly rest?: readonly { readonly resource?: readonly { readonly type: string }[] }[];
}

const PAGE = 500;

/** Type by type; a type's file takes its name when it is whole. A type that has nothing makes no file. */
export async function exportResources(client: Client, terminal: Terminal, options: ExportOptions): Promise<Exported[]> {
  const types = await typesOf(client, options.types);
  if (options.to !== '-') await mkdir(options.to, { recursive: true, mode: 0o700 });
  const exported: Exported[] = [];
  for (const type of types) {
    const lines = linesOf(client, terminal, type, options.history);
    const written = options.to === '-' ? await toStream(lines, terminal.stdout) : await toFile(lines, type, options);
    if (written.resources > 0) exported.push({ type, ...written });
  }
  return exported;
}

async function typesOf(client: Client, wanted: readonly string[] | undefined): Promise<readonly string[]> {
  const { rest } = await client.json<Capabilities>('/fhir/metadata');
  const served = (rest?.[0]?.resource ?? []).map(({ type }) => type);
  const unknown = (wanted ?? []).filter((type) => !served.includes(type));
  if (unknown.length > 0) throw usage(`The record serves no such type: ${unknown.join(', ')}`);
  return wanted ?? served;
}

async function* linesOf(client: Client, terminal: Terminal, type: string, history: boolean): AsyncGenerator<string> {
  const path = history ? `/fhir/${type}/_history?_count=${PAGE}` : `/fhir/${type}?_count=${PAGE}&_sort=_id`;
  let number = 0;
  for await (const { resource, request, response, search } of pagedEntries(client, path)) {
    if (!history && (resource === undefined || search?.mode === 'outcome')) continue;
    yield `${JSON.stringify(history ? { resource, request, response } : resource)}\n`;
    number += 1;
    if (number % 10_000 === 0) terminal.stderr.write(`${type}: ${count(number)}\n`);
  }
}

async function toFile(
  lines: AsyncIterable<string>,
  type: string,
  options: ExportOptions,
): Promise<Omit<Exported, 'type'>> {
  const file = join(options.to, `${type}.ndjson${options.gzip ? '.gz' : ''}`);
  if (await exists(file)) throw failed(`There is such a file already: ${file}`);
  const aside = `${file}.part`;
  const disk = createWriteStream(aside, { mode: 0o600, flush: true });
  const head = options.gzip ? createGzip() : disk;
  if (head !== disk) head.pipe(disk);
  try {
    const { resources } = await toStream(lines, head);
    head.end();
    await finished(disk);
    if (resources > 0) await rename(aside, file);
    return { resources, file };
  } catch (error) {
    disk.destroy();
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('E') === true) throw failed(`${file} cannot be written (${code})`);
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function toStream(
  lines: AsyncIterable<string>,
  stream: NodeJS.WritableStream | Writable,
): Promise<Omit<Exported, 'type'>> {
  let resources = 0;
  const broken = new Promise<never>((_, reject) => stream.once('error', reject));
  broken.catch(() => undefined);
  for await (const line of lines) {
    resources += 1;
    if (!stream.write(line)) await Promise.race([once(stream, 'drain'), broken]);
  }
  return { resources, file: '-' };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
