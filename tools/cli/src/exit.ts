/** What the command's end means to a script. */
export const EXIT = {
  done: 0,
  /** A check failed, or the record refused what was asked. */
  failed: 1,
  usage: 2,
  unavailable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends a command with one clear line on stderr. Its message is for people and carries no patient data. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: ExitCode;

  constructor(exit: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}

export const usage = (message: string): CommandError => new CommandError(EXIT.usage, message);
export const failed = (message: string): CommandError => new CommandError(EXIT.failed, message);
export const unavailable = (message: string, cause?: unknown): CommandError =>
  new CommandError(EXIT.unavailable, message, { cause });
