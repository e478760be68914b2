import type { Setting } from './setting.ts';
import { SETTINGS, TELEMETRY_VARIABLES } from './settings.ts';

/** Every setting with its meaning and default, as plain text for `--help`. */
export function describeConfig(table: Readonly<Record<string, Setting>> = SETTINGS): string {
  const settings = Object.values<Setting>(table).map(
    (setting) =>
      `  ${setting.variable}${setting.default === undefined ? '' : `=${setting.default}`}\n${wrapped(setting.description)}`,
  );
  const telemetry = Object.entries(TELEMETRY_VARIABLES).map(
    ([variable, meaning]) => `  ${variable}\n${wrapped(meaning)}`,
  );
  return [
    'Settings (environment variables, with their defaults):',
    ...settings,
    'Telemetry is off unless one of the standard variables asks for it:',
    ...telemetry,
  ].join('\n\n');
}

/** The same as a page of documentation, in Markdown. */
export function configurationPage(): string {
  const settings = Object.values<Setting>(SETTINGS).map((setting) => {
    const byDefault = setting.default === undefined ? 'Unset by default' : `Default: \`${setting.default}\``;
    return `### ${setting.variable}\n\n${setting.description}\n\n${byDefault}; ${setting.reader.expects}.\n`;
  });
  const telemetry = Object.entries(TELEMETRY_VARIABLES).map(([variable, meaning]) => `- \`${variable}\`: ${meaning}`);
  return [
    '# Configuration\n',
    '<!-- Generated from libs/service/src/settings.ts by `npm run -w libs/service configuration-page`; do not edit. -->\n',
    'Everything is set by environment variables, read whole before anything starts. Every fault is reported at once, by name. A variable that starts with `ANAMNESIS_` and is none of these is a fault too.\n',
    '## Settings\n',
    ...settings,
    '## Telemetry\n',
    'Traces and metrics are off, and cost nothing, unless one of the standard OpenTelemetry variables asks for them:\n',
    telemetry.join('\n') + '\n',
  ].join('\n');
}

function wrapped(sentence: string): string {
  const lines: string[] = [];
  let line = '     ';
  for (const word of sentence.split(' ')) {
    if (line.length + 1 + word.length > 100) {
      lines.push(line);
      line = '     ';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
