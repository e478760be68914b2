import type { Command } from 'commander';
import { onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { usage } from '../exit.ts';
import { patientId } from '../patient-argument.ts';
import type { Terminal } from '../terminal.ts';

interface EraseOptions extends CommonOptions {
  readonly reason?: string;
  readonly basis?: string;
}

export function addErase(program: Command, terminal: Terminal): void {
  const erase = withRecord(program.command('erase'), 'compliance-officer')
    .description('Ask for the erasure of a patient for ever; another officer approves it.')
    .argument('[patient]', 'id, Patient/<id>, or an identifier as system|value')
    .option('--reason <text>', 'why')
    .option('--basis <text>', 'the legal basis, such as "GDPR 17(1)(b)"')
    .action((patient: string | undefined, options: EraseOptions) => {
      const { reason, basis } = options;
      if (patient === undefined) throw usage('Whom to erase? Give the patient, or: erase approve <id>');
      if (!reason || !basis) throw usage('An erasure needs --reason and --basis');
      return onRecord(terminal, options, async ({ connection: { client }, output }) => {
        const body = JSON.stringify({ patient: await patientId(client, patient), reason, basis });
        const asked = await client.json<{ id: string }>('/admin/erasures', {
          method: 'POST',
          body,
          headers: JSON_BODY,
          absent: 'There is no such patient.',
        });
        output.result(
          asked,
          `Asked. Another officer approves it with: anamnesis erase approve ${asked.id} --as <officer>`,
        );
      });
    });

  withRecord(erase.command('approve'), 'compliance-officer')
    .description('Approve an erasure that another officer asked for. It cannot be undone.')
    .argument('<id>', 'as `erase` printed it')
    .action((id: string, _: unknown, command: Command) =>
      // The parent has the same options and takes them first: what counts is what stands on the line, wherever.
      onRecord(terminal, command.optsWithGlobals<CommonOptions>(), async ({ connection: { client }, output }) => {
        const path = `/admin/erasures/${encodeURIComponent(id)}/approve`;
        const done = await client.json<unknown>(path, { method: 'POST', absent: 'There is no such erasure.' });
        output.result(done, 'Erased: the keys are destroyed, and the read models hold nothing of this patient.');
      }),
    );
}

const JSON_BODY = { 'content-type': 'application/json' };
