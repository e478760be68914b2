import { spawn } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eachPage, get } from './reading.ts';
import type { RecordClient } from './record-client.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const OFFICER = 'compliance-officer';

/** What an officer keeps elsewhere. */
export interface Evidence {
  readonly checkpoint: string;
  readonly publicKey: string;
}

/** Whether this record serves its audit tree and its access records at all. */
export async function servesAudit(client: RecordClient): Promise<boolean> {
  const answer = await client.ask(OFFICER, { method: 'GET', path: '/audit/checkpoint' });
  return answer.status !== 404;
}

/** Takes the newest checkpoint and the public key out of the record's reach. */
export async function takeEvidence(
  client: RecordClient,
  dataFolder: string,
  into: string,
  name = 'newest',
): Promise<Evidence> {
  const answer = await get(client, '/audit/checkpoint', OFFICER);
  const evidence = { checkpoint: join(into, `${name}-checkpoint`), publicKey: join(into, `${name}-public-key`) };
  await writeFile(evidence.checkpoint, answer.text);
  await copyFile(join(dataFolder, 'audit', 'public-key'), evidence.publicKey);
  return evidence;
}

/** `anamnesis audit verify` on the folder of a record that is not running. */
export async function checkTree(dataFolder: string, { checkpoint, publicKey }: Evidence): Promise<string[]> {
  const args = ['audit', 'verify', '--json', '--data', dataFolder];
  const { code, said } = await cli([...args, '--checkpoint', checkpoint, '--public-key', publicKey]);
  if (code !== 0) return [`anamnesis audit verify ended with ${code}: ${said.slice(-500)}`];
  return said.includes('"verified"') ? [] : [`anamnesis audit verify did not verify: ${said.slice(-500)}`];
}

function cli(args: readonly string[]): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve) => {
    const program = ['--import', './tools/typescript.mjs', 'tools/cli/src/main.ts', ...args];
    const child = spawn(process.execPath, program, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('close', (code) => resolve({ code, said }));
  });
}

interface AuditEvent {
  readonly recorded?: string;
  readonly entity?: readonly { readonly what?: { readonly identifier?: { readonly value?: string } } }[];
}

/** AuditEvents come newest first, and each is opened for its page: small pages are answered soon. */
const PAGE = 100;

/** Every read that was answered has its access record; known by the request's id. None is older than `since`. */
export async function checkAccessRecords(
  client: RecordClient,
  answered: readonly string[],
  since = new Date(0),
): Promise<string[]> {
  const missing = new Set(answered);
  for await (const page of eachPage(client, `/fhir/AuditEvent?action=R&_count=${PAGE}`, OFFICER)) {
    const events = page.map(({ resource }) => resource as AuditEvent);
    for (const { what } of events.flatMap(({ entity }) => entity ?? [])) missing.delete(what?.identifier?.value ?? '');
    const oldest = events.at(-1)?.recorded;
    if (missing.size === 0 || (oldest !== undefined && Date.parse(oldest) < since.getTime())) break;
  }
  const [first] = missing;
  return first === undefined
    ? []
    : [`${missing.size} of ${answered.length} answered reads have no access record, request ${first} first`];
}
