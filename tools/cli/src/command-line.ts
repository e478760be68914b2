import type { Command } from 'commander';
import { connect, type Connection } from './connection.ts';
import { usage } from './exit.ts';
import { outputOn, type Output, type Terminal } from './terminal.ts';

/** What every command's action is handed besides its own arguments. */
export interface Work {
  readonly output: Output;
  readonly terminal: Terminal;
  readonly dataFolder: string;
  readonly connection: Connection;
}

export interface CommonOptions {
  readonly json?: boolean;
  readonly data?: string;
  readonly server?: string;
  readonly token?: string;
  readonly client?: string;
  readonly clientSecret?: string;
  readonly as?: string;
  readonly purpose?: string;
}

const PURPOSE_CODE = /^[A-Z]{1,16}$/;

/** --json and --data, which every command has. */
export function withFolder(command: Command): Command {
  return command
    .option('--json', 'print the result as JSON on stdout')
    .option('--data <folder>', 'the data folder (default: ANAMNESIS_DATA, else ./data)');
}

/** The options of a command that talks to a record, and the role it acts in unless told otherwise. */
export function withRecord(command: Command, role: string): Command {
  return withFolder(command)
    .option('--server <url>', "the record at this address, instead of the folder's")
    .option('--token <token>', "an access token, or @FILE that holds one (default: made from the folder's own keys)")
    .option('--client <id>', 'sign in as this OpenID client, such as anamnesis-import, with --client-secret')
    .option('--client-secret <@file>', "the file with the client's secret, behind an @")
    .option('--as <role>', 'the role to act in, or the name of a user of the folder', roleOrUser, role)
    .option('--purpose <code>', 'the purpose of use, such as TREAT or HOPERAT (v3-PurposeOfUse)');
}

export const dataFolderOf = (options: CommonOptions, terminal: Terminal): string =>
  options.data ?? (terminal.env['ANAMNESIS_DATA'] || './data');

export interface OnRecordOptions {
  readonly connections?: number;
  /** Whether a folder that holds no record becomes one. */
  readonly makes?: boolean;
}

/** Runs work on a connected record and lets go of it, whatever comes. */
export async function onRecord<T>(
  terminal: Terminal,
  options: CommonOptions,
  work: (work: Work) => Promise<T>,
  { connections, makes }: OnRecordOptions = {},
): Promise<T> {
  if (options.purpose !== undefined && !PURPOSE_CODE.test(options.purpose))
    throw usage('--purpose must be a code such as TREAT');
  const dataFolder = dataFolderOf(options, terminal);
  const connection = await connect({
    dataFolder,
    as: options.as ?? 'operator',
    env: terminal.env,
    ...(options.server === undefined ? {} : { server: options.server }),
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.client === undefined ? {} : { client: { id: options.client, secret: options.clientSecret ?? '' } }),
    ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
    ...(connections === undefined ? {} : { connections }),
    ...(makes === undefined ? {} : { makes }),
  });
  try {
    return await work({ output: outputOn(terminal, options.json === true), terminal, dataFolder, connection });
  } finally {
    await connection.close();
  }
}

/** A role, or a user's name as the folder knows it. */
export function roleOrUser(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text))
    throw usage('--as must be a role such as nurse, or the name of a user');
  return text;
}

/** A whole number within bounds, out of an option's text. */
export function wholeNumber(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high)
      throw usage(`${name} must be a whole number from ${low} to ${high}`);
    return value;
  };
}

const INSTANT = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?$/;

/** A FHIR instant, dateTime or date, as the record takes it in `_asOf`. */
export function moment(name: string): (text: string) => string {
  return (text) => {
    if (!INSTANT.test(text) || Number.isNaN(Date.parse(text))) {
      throw usage(`${name} must be a date or an instant, such as 2026-03-01 or 2026-03-01T10:30:00Z`);
    }
    return text;
  };
}
