import Table from 'cli-table3';

/** Where a command reads and writes; tests hand in their own. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a command says: its result on stdout, as JSON or for people; everything else on stderr. */
export interface Output {
  readonly json: boolean;
  /** The result: `value` with --json, else `human`. */
  result(value: unknown, human: string): void;
  /** A line beside the result. */
  note(line: string): void;
}

export function outputOn(terminal: Terminal, json: boolean): Output {
  return {
    json,
    result: (value, human) => {
      const text = json ? JSON.stringify(value) : human;
      if (text !== '') terminal.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    note: (line) => terminal.stderr.write(`${line}\n`),
  };
}

const PLAIN = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '' },
    ...{
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
};

/** Rows under their headings, in plain text. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const made = new Table({ ...PLAIN, head: [...head] });
  for (const row of rows) made.push(row.map((cell) => printable(String(cell ?? ''))));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Text from a record may hold control characters: a terminal must not obey them. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ');
}

export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
/** `1 file`, `2 files`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${Math.round(value) === 1 ? one : many}`;
export const seconds = (milliseconds: number): string =>
  `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 1)} s`;
