import { STRUCTURES } from '../generated/structures.ts';

/** For the base name of each choice of R4 (`value`), the properties that may hold it (`valueQuantity`, ...). */
export const CHOICES: ReadonlyMap<string, ReadonlySet<string>> = collectChoices();

function collectChoices(): Map<string, Set<string>> {
  const choices = new Map<string, Set<string>>();
  for (const line of Object.values(STRUCTURES)) {
    for (const [, name, types] of line.matchAll(/(\w+)\[x\]:([^!+*=^? ]+)/g)) {
      const keys = choices.get(name!) ?? new Set<string>();
      for (const type of types!.replace(/\([^)]*\)/g, '').split('|')) {
        const suffix = type === 'SimpleQuantity' ? 'Quantity' : type.charAt(0).toUpperCase() + type.slice(1);
        keys.add(name! + suffix);
      }
      choices.set(name!, keys);
    }
  }
  return choices;
}
