import type { Command } from 'commander';
import { chartLine, inOrder, personLine } from '../chart-lines.ts';
import { moment, onRecord, withRecord, type CommonOptions } from '../command-line.ts';
import { pagedEntries, type Resource } from '../fhir-pages.ts';
import { patientId } from '../patient-argument.ts';
import { counted, printable, table, type Terminal } from '../terminal.ts';

interface ChartOptions extends CommonOptions {
  readonly asOf?: string;
  readonly effectiveAsOf?: string;
}

export function addChart(program: Command, terminal: Terminal): void {
  withRecord(program.command('chart'), 'physician')
    .description("Print a patient's chart, as it stands or as it stood.")
    .argument('<patient>', 'id, Patient/<id>, or an identifier as system|value')
    .option('--as-of <moment>', 'what the record knew then', moment('--as-of'))
    .option('--effective-as-of <moment>', 'what was true then, as is known now', moment('--effective-as-of'))
    .action((patient: string, options: ChartOptions) =>
      onRecord(terminal, options, async ({ connection, output }) => {
        const id = await patientId(connection.client, patient);
        const query = new URLSearchParams();
        if (options.asOf !== undefined) query.set('_asOf', options.asOf);
        if (options.effectiveAsOf !== undefined) query.set('_effectiveAsOf', options.effectiveAsOf);
        const path = `/fhir/Patient/${id}/$everything${query.size > 0 ? `?${query.toString()}` : ''}`;
        const resources: Resource[] = [];
        for await (const { resource } of pagedEntries(connection.client, path)) {
          if (resource !== undefined) resources.push(resource);
        }
        const entry = resources.map((resource) => ({ resource }));
        output.result({ resourceType: 'Bundle', type: 'collection', entry }, output.json ? '' : printed(resources));
      }),
    );
}

function printed(resources: readonly Resource[]): string {
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient');
  const rest = resources.filter((resource) => resource !== patient).map(chartLine);
  const rows = inOrder(rest).map(({ when, type, what, value, status }) => [when, type, what, value, status]);
  return [
    patient === undefined ? 'no such patient at that moment' : printable(personLine(patient)),
    counted(resources.length, 'resource'),
    ...(rows.length > 0 ? ['', table(['when', 'type', 'what', 'value', 'status'], rows)] : []),
  ].join('\n');
}
