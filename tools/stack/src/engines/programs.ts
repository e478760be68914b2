import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { env } from 'node:process';
import { EngineError } from './engine-error.ts';

/** What an engine needs of the machine, how it is asked for its version, and what to install when it is missing. */
const PROGRAMS = {
  java: {
    args: ['-version'],
    version: /version "(\d+)/,
    least: 17,
    install: 'Java 17 or later (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk)',
  },
  mvn: {
    args: ['-version'],
    version: /Apache Maven (\d+)/,
    least: 3,
    install: 'Maven 3 or later (Debian: apt-get install maven; macOS: brew install maven)',
  },
  python3: {
    args: ['-c', 'import sys, venv, ensurepip; print(sys.version_info.minor)'],
    version: /^(\d+)/,
    least: 11,
    install: 'Python 3.11 to 3.13 with venv (Debian: apt-get install python3 python3-venv; macOS: brew install python)',
  },
  cargo: {
    args: ['--version'],
    version: /^cargo \d+\.(\d+)/,
    least: 85,
    install: 'Rust 1.85 or later with cargo, a C++ compiler and cmake (https://rustup.rs)',
  },
} as const;

export type Program = keyof typeof PROGRAMS;

/** The command of a program that is there in a version that serves. */
export function needProgram(name: Program, purpose: string): string {
  const { args, version, least, install } = PROGRAMS[name];
  const command = commandOf(name);
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const missing = error !== undefined || status !== 0;
  const found = missing ? 0 : Number(version.exec(`${stdout}${stderr}`)?.[1] ?? 0);
  if (found >= least) return command;
  throw new EngineError(`${purpose} needs ${name}, which is ${missing ? 'missing' : 'too old'}. Install ${install}.`);
}

const commandOf = (name: Program): string =>
  name === 'java' && env['JAVA_HOME'] !== undefined ? join(env['JAVA_HOME'], 'bin', 'java') : name;

/** The environment of an engine: nothing that could configure it but what is handed to it. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => /^(PATH|HOME|LANG|LC_\w+|TMPDIR|TZ|USER)$/.test(name));
  return { ...Object.fromEntries(kept), ...more };
}
