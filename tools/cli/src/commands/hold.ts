import type { Command } from 'commander';
import { onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { usage } from '../exit.ts';
import { patientId } from '../patient-argument.ts';
import type { Terminal } from '../terminal.ts';

interface HoldOptions extends CommonOptions {
  readonly reason?: string;
  readonly release?: boolean;
}

export function addHold(program: Command, terminal: Terminal): void {
  withRecord(program.command('hold'), 'compliance-officer')
    .description('Put a patient under a legal hold, so that no erasure is carried out, or release it.')
    .argument('<patient>', 'id, Patient/<id>, or an identifier as system|value')
    .option('--reason <text>', 'why the hold is put, or released')
    .option('--release', 'release the hold')
    .action((patient: string, options: HoldOptions) => {
      const release = options.release === true;
      if (!release && !options.reason) throw usage('A hold needs --reason; --release takes it away');
      return onRecord(terminal, options, async ({ connection: { client }, output }) => {
        const id = await patientId(client, patient);
        const absent = 'There is no such patient.';
        if (release) {
          const why =
            options.reason === undefined ? '' : `?${new URLSearchParams({ reason: options.reason }).toString()}`;
          await client.text(`/admin/holds/${id}${why}`, { method: 'DELETE', absent });
          output.result({ patient: id, held: false }, 'The hold is released.');
        } else {
          const body = JSON.stringify({ patient: id, reason: options.reason });
          const headers = { 'content-type': 'application/json' };
          await client.text('/admin/holds', { method: 'POST', body, headers, absent });
          output.result({ patient: id, held: true }, 'The patient is under a legal hold.');
        }
      });
    });
}
