import { types } from 'node:util';
import pino from 'pino';
import { currentTraceId } from './telemetry.ts';

/**
 * All that a log line may say besides its constant message. The list is closed so that patient data has no way in:
 * no URL, no body, no free text from a request; of an error only its name, code and stack frames, never its message.
 */
export interface LogFields {
  readonly component?: string;
  readonly error?: unknown;
  readonly correlation?: string;
  /** The trace's id; by default that of the span in which the line is written. */
  readonly trace?: string;
  readonly method?: string;
  /** The route's pattern, never the address with its ids. */
  readonly route?: string;
  readonly status?: number;
  /** Duration, milliseconds. */
  readonly ms?: number;
  readonly role?: string;
  readonly code?: string;
  readonly position?: number;
  readonly count?: number;
  /** A file or folder of this installation. */
  readonly file?: string;
  /** An address that this service listens on or talks to. */
  readonly address?: string;
  readonly signal?: string;
  /** Of the bus: topic and partition. */
  readonly lane?: string;
}

export interface Log {
  /** Messages are constants. */
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Writes out what is still buffered, synchronously. */
  flush(): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines; to standard output unless told otherwise. Lines are gathered for up to 100 ms. */
export function createLog(level: LogLevel, destination?: pino.DestinationStream): Log {
  const out = destination ?? pino.destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 100 });
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, out);
  const write = (at: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    const trace = fields?.trace ?? currentTraceId();
    if (fields === undefined && trace === undefined) return logger[at](message);
    const traced = trace === undefined ? fields : { ...fields, trace };
    logger[at](traced?.error === undefined ? traced : { ...traced, error: errorFields(traced.error) }, message);
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    flush: () => {
      if ('flushSync' in out && typeof out.flushSync === 'function') out.flushSync();
    },
  };
}

/** What may be said of an error. Messages stay out: a parser's quotes its input, which may be a patient's. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!types.isNativeError(error)) return { name: typeof error };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    stack: frames.slice(0, 20).map((frame) => frame.trim()),
    ...(error.cause !== undefined && { cause: errorFields(error.cause) }),
  };
}
