/**
 * What is sealed: the facts as one line of JSON and, where the event carries one, the resource as the rest of the
 * text. The facts are JSON without line breaks, so the first line feed ends them, whatever the resource looks like.
 */
import { Fault, type Fact } from '@anamnesis/kernel';

export function writePlaintext({ facts, resource }: Fact): string {
  const line = JSON.stringify(facts);
  return resource === undefined ? line : `${line}\n${resource}`;
}

/** The resource stays text: who needs it parsed parses it. */
export function readPlaintext(bytes: Buffer): Pick<Fact, 'facts' | 'resource'> {
  const text = bytes.toString('utf8');
  const end = text.indexOf('\n');
  if (end < 0) return { facts: parse(text) };
  return { facts: parse(text.slice(0, end)), resource: text.slice(end + 1) };
}

function parse(line: string): Fact['facts'] {
  try {
    return JSON.parse(line) as Fact['facts'];
  } catch {
    // No cause: a parser's message quotes what it read.
    throw new Fault('event-altered', 'A stored event opens to what is no event.');
  }
}
