import { readFileSync } from 'node:fs';
import { type ConfigFault, type Environment, readSettings, type SettingValues } from '@anamnesis/service';
import { CLUSTER_SETTINGS, SECRETS } from './settings.ts';

/** The configuration of a service of the cluster profile; durations are milliseconds. */
export type ClusterConfig = SettingValues<typeof CLUSTER_SETTINGS>;

export type SettingName = keyof typeof CLUSTER_SETTINGS;

export type ParsedClusterConfig =
  | { readonly ok: true; readonly config: ClusterConfig }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Reads all settings and the files that secrets stand in; `needed` must be set. Reports every fault at once. */
export function parseClusterConfig(env: Environment, needed: readonly SettingName[] = []): ParsedClusterConfig {
  const { resolved, faults } = withSecrets(env);
  const read = readSettings(CLUSTER_SETTINGS, resolved);
  if (!read.ok) faults.push(...read.faults);
  for (const name of needed) {
    const { variable } = CLUSTER_SETTINGS[name];
    const known = faults.some((fault) => fault.variable.startsWith(variable));
    if (!known && !resolved[variable] && CLUSTER_SETTINGS[name].default === undefined) {
      faults.push({ variable, message: 'must be set' });
    }
  }
  return read.ok && faults.length === 0 ? { ok: true, config: read.values } : { ok: false, faults };
}

/** The environment with secrets read from the files that `<VARIABLE>_FILE` names. */
function withSecrets(env: Environment): { resolved: Record<string, string | undefined>; faults: ConfigFault[] } {
  const resolved: Record<string, string | undefined> = { ...env };
  const faults: ConfigFault[] = [];
  for (const name of SECRETS) {
    const { variable } = CLUSTER_SETTINGS[name];
    const file = `${variable}_FILE`;
    const path = resolved[file];
    if (!path) continue;
    resolved[file] = undefined;
    if (resolved[variable]) faults.push({ variable: file, message: `cannot be set beside ${variable}` });
    try {
      resolved[variable] = readFileSync(path, 'utf8').trim();
    } catch {
      faults.push({ variable: file, message: 'names a file that cannot be read' });
    }
  }
  return { resolved, faults };
}
