import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ownerOf, TRANSIENT_TYPES } from '@anamnesis/contracts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Where deciders, and whoever else appends, live. */
const ROOMS = ['services', 'libs/records', 'libs/access'];

/** Names made like an event's that are none; each with its reason. */
const NO_EVENTS: ReadonlySet<string> = new Set([
  'PatientFacility', // a read model's document
  'PoisonEvent', // a read model's document
  'XrequestId', // a code of IHE BALP
  'EnteredInError', // the ending itself
  'AccessSpooled', // the sealing context of the spool's frames, which never enter the log
  'EmergencyAccessGranted', // planned: the audit context can already tell it as an AuditEvent
]);

const EVENT_LIKE = /^[A-Z][a-z]+(?:[A-Z][a-z]+)+$/;

/**
 * Every text in the code that is made like an event's name, with the first file that has it: two capitalised words or
 * more in one, which no error class (`name = '...'`), command (`Command<'...'>`) or resource type is called by.
 */
export function eventTypesInSource(): ReadonlyMap<string, string> {
  const files = ROOMS.flatMap((room) =>
    readdirSync(`${ROOT}${room}`, { recursive: true, encoding: 'utf8' })
      .map((file) => `${room}/${file.replaceAll('\\', '/')}`)
      .filter((file) => /\/src\/.*\.ts$/.test(file) && !file.includes('node_modules')),
  );
  const found = new Map<string, string>();
  const others = new Set(NO_EVENTS);
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(`${ROOT}${file}`, 'utf8'), ts.ScriptTarget.Latest, true);
    walk(source, (text, node) => {
      if (isCommand(node) || isErrorName(node)) others.add(text);
      else if (EVENT_LIKE.test(text)) found.set(text, found.get(text) ?? file);
    });
  }
  for (const name of found.keys())
    if (others.has(name) || ownerOf(name) || TRANSIENT_TYPES.has(name)) found.delete(name);
  return found;
}

function walk(node: ts.Node, seen: (text: string, node: ts.StringLiteral) => void): void {
  if (ts.isStringLiteral(node)) seen(node.text, node);
  ts.forEachChild(node, (child) => walk(child, seen));
}

/** `Command<'PlaceHold', ...>`. */
function isCommand({ parent }: ts.StringLiteral): boolean {
  const reference = ts.isLiteralTypeNode(parent) ? parent.parent : undefined;
  return reference !== undefined && ts.isTypeReferenceNode(reference) && reference.typeName.getText() === 'Command';
}

/** `override readonly name = 'FhirProblem'`. */
function isErrorName({ parent }: ts.StringLiteral): boolean {
  return ts.isPropertyDeclaration(parent) && parent.name.getText() === 'name';
}
