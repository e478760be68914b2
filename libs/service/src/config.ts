import { isLoopback } from './loopback.ts';
import type { Setting, SettingValue } from './setting.ts';
import { SETTINGS } from './settings.ts';

type Parsed = SettingValues<typeof SETTINGS>;

/** The whole configuration, read and checked; durations are milliseconds, sizes bytes, periods years. */
export type Config = Omit<Parsed, 'demoUsers'> & {
  /** Decided: never true where the service can be reached from elsewhere. */
  readonly demoUsers: boolean;
};

/** What is wrong with one variable. Names it, never its value: a value may be a secret. */
export interface ConfigFault {
  readonly variable: string;
  readonly message: string;
}

export type ParsedConfig =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly faults: readonly ConfigFault[] };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads all settings; reports every fault at once. An empty variable counts as unset. */
export function parseConfig(env: Environment): ParsedConfig {
  const read = readSettings(SETTINGS, env);
  if (!read.ok) return read;
  const faults = contradictions(read.values);
  if (faults.length > 0) return { ok: false, faults };
  const { values } = read;
  const demoUsers = values.demoUsers === 'on' || (values.demoUsers === 'auto' && onlyLoopback(values));
  return { ok: true, config: { ...values, demoUsers } };
}

/** The values of a table of settings, by the settings' names. */
export type SettingValues<Table> = { readonly [Name in keyof Table]: SettingValue<Table[Name]> };

/** Reads a table of settings: all of its values, or all that is wrong. An empty variable counts as unset. */
export function readSettings<Table extends Readonly<Record<string, Setting>>>(
  table: Table,
  env: Environment,
):
  | { readonly ok: true; readonly values: SettingValues<Table> }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] } {
  const faults: ConfigFault[] = [...unknownVariables(table, env)];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting>(table)) {
    const written = env[setting.variable] || setting.default;
    if (written === undefined) continue;
    const read = setting.reader.schema.safeParse(written);
    if (read.success) values[name] = read.data;
    else faults.push({ variable: setting.variable, message: setting.reader.expects });
  }
  // Each value was read by its own setting's reader, and every setting with a default has one.
  return faults.length > 0 ? { ok: false, faults } : { ok: true, values: values as SettingValues<Table> };
}

/** The base address of links and of the issuer; `port` is the one really listened on, when PORT is 0. */
export function publicUrlOf(config: Pick<Config, 'publicUrl' | 'host' | 'port'>, port: number = config.port): string {
  if (config.publicUrl !== undefined) return config.publicUrl;
  return `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
}

function unknownVariables(table: Readonly<Record<string, Setting>>, env: Environment): ConfigFault[] {
  const known = new Set(Object.values(table).map((setting) => setting.variable));
  return Object.keys(env)
    .filter((name) => env[name] !== undefined && name.startsWith('ANAMNESIS_') && !known.has(name))
    .map((variable) => ({ variable, message: 'is no setting of Anamnesis' }));
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '[::]']);

function contradictions(parsed: Parsed): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (parsed.countDefault > parsed.countMax) {
    faults.push({ variable: SETTINGS.countDefault.variable, message: 'must not be more than ANAMNESIS_COUNT_MAX' });
  }
  if (parsed.publicUrl === undefined && ANY_ADDRESS.has(parsed.host)) {
    faults.push({ variable: SETTINGS.publicUrl.variable, message: 'must be set where HOST stands for every address' });
  }
  if (parsed.demoUsers === 'on' && !onlyLoopback(parsed)) {
    const message = 'can be on only where HOST and PUBLIC_URL are loopback addresses';
    faults.push({ variable: SETTINGS.demoUsers.variable, message });
  }
  return faults;
}

function onlyLoopback(parsed: Pick<Parsed, 'host' | 'publicUrl'>): boolean {
  return (
    isLoopback(parsed.host) && (parsed.publicUrl === undefined || isLoopback(URL.parse(parsed.publicUrl)!.hostname))
  );
}
