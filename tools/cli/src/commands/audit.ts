import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { dataFolderOf, moment, onRecord, withFolder, withRecord, type CommonOptions } from '../command-line.ts';
import { EXIT, usage, type ExitCode } from '../exit.ts';
import { folderUsers } from '../folder-users.ts';
import { patientId } from '../patient-argument.ts';
import { count, counted, outputOn, seconds, table, type Terminal } from '../terminal.ts';
import { verifyLog, type Verified } from '../verify-log.ts';

interface VerifyOptions extends CommonOptions {
  readonly checkpoint?: string;
  readonly publicKey?: string;
  readonly log?: string;
}

interface TrailOptions extends CommonOptions {
  readonly agent?: string;
  readonly since?: string;
  readonly until?: string;
}

export function addAudit(program: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  const audit = program.command('audit').description('Who saw and did what, and the proof that nothing was altered.');
  addCheckpoint(audit, terminal);
  addVerify(audit, terminal, exit);
  addTrail(audit, terminal);
}

function addCheckpoint(audit: Command, terminal: Terminal): void {
  withRecord(audit.command('checkpoint'), 'compliance-officer')
    .description('Print the newest signed checkpoint (a C2SP signed note), to be kept elsewhere.')
    .action((options: CommonOptions) =>
      onRecord(terminal, options, async ({ connection, output }) => {
        const note = await connection.client.text('/audit/checkpoint');
        const [origin, size, root] = note.split('\n');
        output.result({ note, origin, size: Number(size), root }, note);
      }),
    );
}

function addVerify(audit: Command, terminal: Terminal, exit: (code: ExitCode) => void): void {
  withFolder(audit.command('verify'))
    .description('Check the whole log, offline and read-only: on the data folder, or on an exported log.')
    .option('--checkpoint <file>', 'a checkpoint that was kept elsewhere')
    .option('--public-key <file>', 'the public key that was kept elsewhere')
    .option('--log <file>', 'an exported log (export --log), instead of the data folder')
    .addHelpText(
      'after',
      `
With a checkpoint and a public key kept elsewhere, any change, drop, swap or cut up to that checkpoint is found. Without
them the log can only be said to contradict itself nowhere. Exit code 1 when something is wrong.`,
    )
    .action(async (options: VerifyOptions) => {
      const checkpoint = await evidence(options.checkpoint);
      const publicKey = await evidence(options.publicKey);
      const { milliseconds: took, ...verified } = await verifyLog(terminal, {
        folder: dataFolderOf(options, terminal),
        ...(options.log === undefined ? {} : { file: options.log }),
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(publicKey === undefined ? {} : { publicKey }),
      });
      const value = {
        ...verified,
        seconds: took / 1_000,
        eventsPerSecond: Math.round((verified.events / took) * 1_000),
      };
      outputOn(terminal, options.json === true).result(value, verdict(verified, took));
      exit(verified.status === 'failed' ? EXIT.failed : EXIT.done);
    });
}

function verdict(
  { status, events, covered, findings, firstBad }: Omit<Verified, 'milliseconds'>,
  took: number,
): string {
  const read = `${counted(events, 'event')} read in ${seconds(took)} (${count((events / took) * 1_000)}/s)`;
  if (status === 'verified')
    return `Verified: every event up to the checkpoint (${count(covered ?? 0)}) is as it was. ${read}`;
  if (status === 'self-consistent') {
    return `Self-consistent only: nothing contradicts itself; a proof needs --checkpoint and --public-key kept elsewhere. ${read}`;
  }
  const rows = findings.map(({ position, upTo, message }) => [place(position, upTo), message]);
  const where = firstBad === undefined ? '' : ` First bad position: ${firstBad}.`;
  return `FAILED.${where} ${read}\n\n${table(['position', 'what'], rows)}`;
}

function place(position: number | undefined, upTo: number | undefined): string {
  if (position === undefined) return '';
  return upTo === undefined ? String(position) : `${position} to ${upTo}`;
}

/** A line of the trail, as far as it is printed. */
interface TrailLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  readonly role: string;
  readonly purpose: string;
  readonly what: string;
  readonly outcome: string;
  readonly interaction?: string;
  readonly resource?: string;
  readonly from?: string;
}

function addTrail(audit: Command, terminal: Terminal): void {
  withRecord(audit.command('trail'), 'compliance-officer')
    .description(
      'Who saw or changed a patient, or what one member of staff touched: when, in what role, why, from where.',
    )
    .argument('[patient]', 'id, Patient/<id>, or an identifier as system|value')
    .option(
      '--agent <id>',
      "instead of a patient: a member of staff, by the trail's own id, or the name of a user of the folder",
    )
    .option('--since <moment>', 'not before', moment('--since'))
    .option('--until <moment>', 'not after', moment('--until'))
    .action((patient: string | undefined, options: TrailOptions) => {
      if ((patient === undefined) === (options.agent === undefined)) throw usage('Give either a patient or --agent');
      return onRecord(terminal, options, async ({ connection: { client }, dataFolder, output }) => {
        const users = await folderUsers(dataFolder);
        const about =
          patient === undefined
            ? { agent: users.subjectOf(options.agent!) ?? options.agent! }
            : { patient: await patientId(client, patient) };
        const query = new URLSearchParams(about);
        if (options.since !== undefined) query.set('since', options.since);
        if (options.until !== undefined) query.set('until', options.until);
        const lines: TrailLine[] = [];
        for await (const line of client.lines<TrailLine>(`/audit/trail?${query.toString()}`)) lines.push(line);
        const rows = lines.map((line) => trailRow(line, users.nameOf(line.actor) ?? line.actor));
        const head = ['when', 'who', 'role', 'purpose', 'what', 'on', 'outcome', 'from'];
        output.result(lines, `${counted(lines.length, 'entry', 'entries')}\n\n${table(head, rows)}`);
      });
    });
}

/** How an event ended, by the codes of DICOM PS3.15 A.5.3.1, which AuditEvent.outcome takes over (R4). */
const OUTCOMES: Readonly<Record<string, string>> = {
  0: 'success',
  4: 'minor failure',
  8: 'serious failure',
  12: 'major failure',
};

function trailRow(line: TrailLine, who: string): string[] {
  const { at, role, purpose, what, interaction, resource, outcome, from } = line;
  const done = interaction === undefined ? what : `${what} (${interaction})`;
  return [
    new Date(at).toISOString(),
    who,
    role,
    purpose,
    done,
    resource ?? '',
    OUTCOMES[outcome] ?? outcome,
    from ?? '',
  ];
}

async function evidence(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw usage(`Cannot be read: ${path}`);
  }
}
