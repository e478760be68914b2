import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { outside, startServer, type Server } from '../src/index.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_MS = 120_000;

/** A block of commands in the tour, and what the README shows for it; nothing shown, nothing checked. */
interface Step {
  readonly commands: string;
  readonly shown: string;
}

const blocks = blocksOf('## A tour of five minutes');
const steps = blocks.flatMap(({ language, text }, index): Step[] => {
  if (language !== 'sh' || text.includes('npm start')) return [];
  const next = blocks[index + 1];
  return [{ commands: text, shown: next?.language === 'text' ? next.text : '' }];
});
/** The settings that the README starts the tour's record with. */
const settings = Object.fromEntries(
  [...(blocks.find(({ text }) => text.includes('npm start'))?.text ?? '').matchAll(/(\w+)=(\S+)/g)].map(
    ([, name, value]) => [name!, value!],
  ),
);

(outside ? describe.skip : describe)('the tour in the README', () => {
  let server: Server;
  let told: readonly string[];

  beforeAll(async () => {
    server = await startServer({ env: settings });
    told = await run(steps, server);
  }, LIMIT_MS);
  afterAll(() => server?.stop());

  it('is there', () => {
    expect(steps.length).toBeGreaterThan(8);
    expect(Object.keys(settings)).toContain('ANAMNESIS_RETENTION_CLINICAL_YEARS');
  });

  const named = steps.map(({ commands, shown }, index) => ({ first: commands.split('\n', 1)[0], shown, index }));
  it.each(named)('step $index: $first', ({ shown, index }) => {
    const answer = settled(told[index] ?? '');
    if (shown === '') expect(answer).toBe('');
    else expect(`${answer}\n`).toMatch(patternOf(settled(shown)));
  });
});

function blocksOf(title: string): { language: string; text: string }[] {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const from = readme.indexOf(title);
  const section = readme.slice(from, readme.indexOf('\n## ', from));
  return [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

/** Runs the steps in one shell, as somebody would who follows the tour; what each of them printed. */
async function run(all: readonly Step[], { url, folder }: Server): Promise<string[]> {
  const script = all
    .map(({ commands }) => `${commands}\nprintf '\\n@@\\n'`)
    .join('\n')
    .replace('http://127.0.0.1:8080', url)
    .replace('ANAMNESIS_DATA=./data', `ANAMNESIS_DATA=${folder}`);
  const shell = spawn('bash', ['-c', `${script}\nrm -r "$KEPT"`], { cwd: ROOT });
  let printed = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  await new Promise((resolve) => shell.once('close', resolve));
  return printed.split('\n@@\n');
}

/** What differs from run to run is made the same: ids, moments, durations and rates. */
const settled = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/[\d,.]+( s\b|\/s\b)/g, '<number>$1')
    .trim();

/** `…` on a line of its own stands for any lines, elsewhere for anything on its line. */
function patternOf(shown: string): RegExp {
  const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = shown
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\\n)*' : `${line.split(/ *… */).map(escaped).join('.*')}\\n`));
  return new RegExp(`^${lines.join('')}$`);
}
