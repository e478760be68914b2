import { createHash } from 'node:crypto';

/** Names that the log takes as they are. Those that look like a hashed one are hashed too. */
const PLAIN = /^(?!x--)[a-z0-9-]{1,200}$/;

/**
 * The name under which the log keeps a stream: its own where the log's syntax allows, else a hash of it. The name
 * itself then stands in each of its events (wire-event.ts), so no table of names has to be kept in step with the log.
 */
export function logName(stream: string): string {
  return PLAIN.test(stream) ? stream : `x--${createHash('sha256').update(stream, 'utf8').digest('hex')}`;
}

export function isPlain(stream: string): boolean {
  return PLAIN.test(stream);
}

/** `$...`: only administrators write these. */
export function isSystem(stream: string): boolean {
  return stream.startsWith('$');
}

/** `$$x` holds the metadata of `x`. */
export function isMetastream(stream: string): boolean {
  return stream.startsWith('$$');
}

export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

export function originalOf(metastream: string): string {
  return metastream.slice(2);
}
