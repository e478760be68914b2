import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));

/** As much of the Compose Specification as our file uses. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly target?: string; readonly args?: Readonly<Record<string, string>> };
  readonly user?: string;
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly { readonly path: string }[];
  readonly networks?: readonly string[];
  readonly ports?: readonly { readonly host_ip?: string }[];
  readonly volumes?: readonly string[];
  readonly configs?: readonly Mounted[];
  readonly secrets?: readonly Mounted[];
  readonly healthcheck?: { readonly test: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly resources?: { readonly limits?: Readonly<Record<string, string | number>> } };
}

/** Its name, or where it is put too. */
export type Mounted = string | { readonly source: string; readonly target?: string };

export const sourceOf = (mounted: Mounted): string => (typeof mounted === 'string' ? mounted : mounted.source);

/** `deploy/compose.yaml`, its variables replaced as docker compose would from these. */
export function composeFile(variables: Readonly<Record<string, string>>): ComposeFile {
  return parse(interpolated(composeText(), variables), { merge: true, maxAliasCount: -1 }) as ComposeFile;
}

export const composeText = (): string => readFileSync(`${DEPLOY}compose.yaml`, 'utf8');

/** The variables of `deploy/.env.example`. */
export function exampleVariables(): Readonly<Record<string, string>> {
  const lines = readFileSync(`${DEPLOY}.env.example`, 'utf8').matchAll(/^([A-Z_]+)=(.*)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name!, value!]));
}

const VARIABLE = /\$(?:\$|\{([A-Z_]+)(?:(:?[-?])([^}]*))?\})/g;

/** The names of variables that a text is written with. */
export function variablesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(VARIABLE)].map(([, name]) => name).filter((name) => name !== undefined));
}

/** The Compose Specification's interpolation, as far as our file uses it. Throws where a needed variable is missing. */
export function interpolated(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(VARIABLE, (whole, name: string | undefined, operator = '', otherwise = '') => {
    if (name === undefined) return '$';
    const value = variables[name];
    const given = value !== undefined && (value !== '' || !operator.startsWith(':'));
    if (given) return value;
    if (operator.endsWith('?') || operator === '') throw new Error(`${whole}: ${name} is not set`);
    return otherwise;
  });
}
