import { CLUSTER_SETTINGS, SECRETS } from '@anamnesis/cluster/settings';
import { SETTINGS, type Setting } from '@anamnesis/service';

/** docs/cluster-configuration.md: what the services of the cluster profile are set by, beyond what one process is. */
export function clusterSettingsPage(): string {
  const shared = new Set(Object.values<Setting>(SETTINGS).map(({ variable }) => variable));
  const secrets = new Set(SECRETS.map((name) => CLUSTER_SETTINGS[name].variable));
  const own = Object.values<Setting>(CLUSTER_SETTINGS).filter(({ variable }) => !shared.has(variable));
  const sections = own.map(({ variable, description, reader, default: byDefault }) => {
    const said = byDefault === undefined ? 'Unset by default' : `Default: \`${byDefault}\``;
    const file = secrets.has(variable) ? ` Or \`${variable}_FILE\`: the file that holds it.` : '';
    return `### ${variable}\n\n${description}${file}\n\n${said}; ${reader.expects}.\n`;
  });
  const also = Object.values<Setting>(CLUSTER_SETTINGS)
    .filter(({ variable }) => shared.has(variable))
    .map(({ variable }) => `\`${variable}\``);
  return [
    '# Configuration of the cluster profile\n',
    '<!-- Generated from libs/cluster/src/settings.ts by `npm run generated`; do not edit. -->\n',
    'Every service reads the same table and uses what it needs; it names at its start what it lacks. A variable that starts with `ANAMNESIS_` and is none of these is a fault.\n',
    `These mean what they mean for one process ([configuration.md](configuration.md)): ${also.join(', ')}.\n`,
    '## Settings\n',
    ...sections,
  ].join('\n');
}
