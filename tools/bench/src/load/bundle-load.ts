import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { syntheticChart, syntheticNetwork, syntheticPatient } from '@anamnesis/testing';
import type { Stage } from '../stage.ts';
import { headerOf, LeanConnection } from './lean-connection.ts';

export interface WrittenBundle {
  readonly body: string;
  readonly resources: number;
}

export interface BundleLoad {
  readonly resources: number;
  readonly bundles: number;
  /** From the first bundle sent to the last answer. */
  readonly seconds: number;
  readonly refused: number;
  readonly firstRefusal?: string;
  /** The highest position that an answer carried. */
  readonly position: number;
}

const FOUNDATION = /hospital|practitioner|organi[sz]ation|location/i;

/** Charts of synthetic people until there are about so many resources. */
export function syntheticBundles(seed: string, resources: number): WrittenBundle[] {
  const written = [writtenBundle(syntheticNetwork({ seed }))];
  let made = 0;
  for (let index = 0; made < resources; index += 1) {
    const bundle = writtenBundle(syntheticChart({ seed, index }));
    made += bundle.resources;
    written.push(bundle);
  }
  return written;
}

/** People alone, in transactions of 200. */
export function* peopleBundles(seed: string, from: number, count: number): Generator<WrittenBundle> {
  for (let start = from; start < from + count; start += 200) {
    const size = Math.min(200, from + count - start);
    const entry = Array.from({ length: size }, (_, number) => ({
      resource: syntheticPatient(seed, start + number),
      request: { method: 'POST', url: 'Patient' },
    }));
    yield { body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }), resources: size };
  }
}

/** The bundles of a folder (.json, .json.gz), hospitals and practitioners first. */
export async function bundlesIn(folder: string): Promise<WrittenBundle[]> {
  if (!(await stat(folder)).isDirectory()) throw new Error(`--data must be a folder: ${folder}`);
  const names = (await readdir(folder)).filter((name) => /\.json(\.gz)?$/.test(name)).sort();
  const ordered = [...names.filter((name) => FOUNDATION.test(name)), ...names.filter((name) => !FOUNDATION.test(name))];
  return Promise.all(
    ordered.map(async (name) => {
      const bytes = await readFile(join(folder, name));
      const body = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
      return { body, resources: (JSON.parse(body) as { entry?: unknown[] }).entry?.length ?? 0 };
    }),
  );
}

/** Sends bundles, so many at a time, until all are answered or the seconds are over. */
export async function loadBundles(
  stage: Stage,
  bundles: Iterable<WrittenBundle>,
  { parallel, seconds }: { readonly parallel: number; readonly seconds: number },
): Promise<BundleLoad> {
  const headers = `${await stage.headers('integration')}prefer: return=minimal\r\n`;
  const connections = await Promise.all(Array.from({ length: parallel }, () => LeanConnection.open(stage.url)));
  const left = bundles[Symbol.iterator]();
  const done = { resources: 0, bundles: 0, refused: 0, position: 0, firstRefusal: undefined as string | undefined };
  const started = performance.now();
  const sender = async (connection: LeanConnection): Promise<void> => {
    while (performance.now() - started < seconds * 1_000) {
      const next = left.next();
      if (next.done === true) return;
      const answer = await connection.send('POST', '/fhir', headers, next.value.body);
      if (answer.status === 200) {
        done.resources += next.value.resources;
        done.bundles += 1;
        done.position = Math.max(done.position, Number(headerOf(answer.head, 'x-anamnesis-position') ?? 0));
      } else {
        done.refused += 1;
        done.firstRefusal ??= `${answer.status} ${answer.body.toString().slice(0, 300)}`;
      }
    }
  };
  try {
    await Promise.all(connections.map(sender));
  } finally {
    for (const connection of connections) connection.close();
  }
  const { firstRefusal, ...rest } = done;
  const took = (performance.now() - started) / 1_000;
  return { ...rest, seconds: took, ...(firstRefusal === undefined ? {} : { firstRefusal }) };
}

/** Seconds until searches reflect the position; Infinity when they do not within `patience` seconds. */
export async function caughtUpAfter(stage: Stage, position: number, patience = 120): Promise<number> {
  const headers = `${await stage.headers('integration')}x-anamnesis-min-position: ${position}\r\n`;
  const connection = await LeanConnection.open(stage.url);
  const started = performance.now();
  try {
    for (;;) {
      const { status } = await connection.send('GET', '/fhir/Organization?_summary=count', headers);
      const took = (performance.now() - started) / 1_000;
      if (status === 200) return took;
      if ((status !== 504 && status !== 503) || took > patience) return Number.POSITIVE_INFINITY;
    }
  } finally {
    connection.close();
  }
}

function writtenBundle(bundle: { readonly entry?: readonly unknown[] | undefined }): WrittenBundle {
  return { body: JSON.stringify(bundle), resources: bundle.entry?.length ?? 0 };
}
