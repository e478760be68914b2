import { STRUCTURES } from '../generated/structures.ts';
import { CHOICES } from './choices.ts';

let names: Set<string> | undefined;

/** Whether R4 has an element, or a property of a choice, of this name anywhere. Another name may be somebody's data. */
export function isElementName(key: string): boolean {
  names ??= collectNames();
  return names.has(key.charCodeAt(0) === 0x5f ? key.slice(1) : key);
}

function collectNames(): Set<string> {
  const found = new Set<string>(['resourceType']);
  for (const line of Object.values(STRUCTURES)) {
    for (const [, name] of line.matchAll(/(?:^| )(\w+)/g)) found.add(name!);
  }
  for (const keys of CHOICES.values()) for (const key of keys) found.add(key);
  return found;
}
