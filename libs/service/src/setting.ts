import { z } from 'zod';

/** One setting: an environment variable, what it means, and how its text is read. */
export interface Setting<Value = unknown, Default extends string | undefined = string | undefined> {
  readonly variable: string;
  readonly description: string;
  readonly reader: Reader<Value>;
  /** As it would be written in the environment; without one the setting may be unset. */
  readonly default: Default;
}

/** Reads a variable's text. `expects` is the whole error message: a value is never repeated. */
export interface Reader<Value> {
  readonly expects: string;
  readonly schema: z.ZodType<Value, string>;
}

export type SettingValue<S> =
  S extends Setting<infer Value, infer Default> ? (Default extends string ? Value : Value | undefined) : never;

/** A setting with a default, or without one (`undefined`): then its value may be undefined. */
export function setting<Value, const Default extends string | undefined>(
  variable: string,
  description: string,
  reader: Reader<Value>,
  byDefault: Default,
): Setting<Value, Default> {
  return { variable, description, reader, default: byDefault };
}

/** A whole number in decimal digits. */
export function wholeNumber(least: number, most: number): Reader<number> {
  const expects = `must be a whole number from ${least} to ${most}`;
  const schema = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most));
  return { expects, schema };
}

export function oneOf<const Choice extends string>(...choices: readonly Choice[]): Reader<Choice> {
  return { expects: `must be one of: ${choices.join(', ')}`, schema: z.string().pipe(z.enum(choices)) };
}

const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A number with a unit (`250ms`, `5s`, `15m`, `1h`), read as milliseconds. */
export function duration(leastMs: number, mostMs: number): Reader<number> {
  const schema = z
    .string()
    .regex(/^\d{1,9}(ms|s|m|h)$/)
    .transform((text) => Number.parseInt(text, 10) * DURATIONS[text.replace(/^\d+/, '')]!)
    .pipe(z.number().min(leastMs).max(mostMs));
  return { expects: `must be a duration such as 250ms, 5s, 15m or 1h, from ${leastMs} ms to ${mostMs} ms`, schema };
}

const SIZES: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** A number of bytes, with or without a unit (`65536`, `64KiB`, `64MiB`). */
export function bytes(least: number, most: number): Reader<number> {
  const schema = z
    .string()
    .regex(/^\d{1,12}(KiB|MiB|GiB)?$/)
    .transform((text) => Number.parseInt(text, 10) * SIZES[text.replace(/^\d+/, '')]!)
    .pipe(z.number().min(least).max(most));
  return { expects: `must be a size such as 65536, 64KiB or 64MiB, from ${least} to ${most} bytes`, schema };
}

/** Any text without control characters. */
export const text: Reader<string> = {
  expects: 'must be text of 1 to 4096 characters without control characters',
  schema: z.string().regex(/^\P{Cc}{1,4096}$/u),
};

/** Comma-separated, each entry matching `pattern`, no entry twice. */
export function list(pattern: RegExp, expects: string): Reader<readonly string[]> {
  const schema = z
    .string()
    .transform((written): readonly string[] => written.split(',').map((entry) => entry.trim()))
    .refine((entries) => entries.every((entry) => pattern.test(entry)) && new Set(entries).size === entries.length);
  return { expects, schema };
}

function isWebAddress(written: string): boolean {
  const url = URL.parse(written);
  return url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !url.hash && !url.search;
}

/** Scheme, host and port of an http(s) address; read without a trailing slash. */
export const webOrigin: Reader<string> = {
  expects: 'must be an http or https address without credentials, path, query or fragment',
  schema: z
    .string()
    .refine((written) => isWebAddress(written) && URL.parse(written)!.pathname === '/')
    .transform((written) => URL.parse(written)!.origin),
};

export const webAddresses: Reader<readonly string[]> = {
  expects: 'must be http or https addresses separated by commas',
  schema: z
    .string()
    .transform((written): readonly string[] => written.split(',').map((entry) => entry.trim()))
    .refine((entries) => entries.every(isWebAddress)),
};
