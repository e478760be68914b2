import { STRUCTURES } from '../generated/structures.ts';

/** One element of a type, as R4 defines it. */
export interface Element {
  /** Its FHIRPath name; a choice without `[x]`. */
  readonly name: string;
  readonly types: readonly ElementType[];
  readonly choice: boolean;
  readonly list: boolean;
  readonly required: boolean;
  readonly summary: boolean;
  readonly modifier: boolean;
  /** The value set of a required binding whose codes are known. */
  readonly binding?: string;
}

export interface ElementType {
  /** A data type, a resource type, `Resource` for any, or a backbone element's path. */
  readonly name: string;
  /** The JSON property that holds a value of this type. */
  readonly key: string;
  /** What a reference may refer to; absent: any type. */
  readonly targets?: readonly string[];
}

export interface Structure {
  readonly name: string;
  readonly elements: readonly Element[];
}

const known = new Map<string, Structure>();

/** The elements of a data type, resource type or backbone element (`Patient.contact`); undefined for another name. */
export function structureOf(name: string): Structure | undefined {
  const found = known.get(name);
  if (found !== undefined) return found;
  if (!Object.hasOwn(STRUCTURES, name)) return undefined;
  const structure = { name, elements: STRUCTURES[name]!.split(' ').map(parseElement) };
  known.set(name, structure);
  return structure;
}

/** Every name that `structureOf` knows. */
export const structureNames = (): readonly string[] => Object.keys(STRUCTURES);

// name[x] : types  cardinality  =binding  ^summary  ?modifier
const ELEMENT = /^([^:]+):([^!+*=^?]+)([!+*]?)(?:=([^^?]+))?(\^?)(\??)$/;

function parseElement(text: string): Element {
  const [, label = '', types = '', cardinality = '', binding, summary = '', modifier = ''] = ELEMENT.exec(text) ?? [];
  const choice = label.endsWith('[x]');
  const name = choice ? label.slice(0, -3) : label;
  return {
    name,
    types: types.split('|').map((type) => parseType(type, name, choice)),
    choice,
    list: cardinality === '*' || cardinality === '+',
    required: cardinality === '!' || cardinality === '+',
    summary: summary !== '',
    modifier: modifier !== '',
    ...(binding === undefined ? {} : { binding }),
  };
}

function parseType(text: string, name: string, choice: boolean): ElementType {
  const at = text.indexOf('(');
  const type = at < 0 ? text : text.slice(0, at);
  const suffix = type === 'SimpleQuantity' ? 'Quantity' : type.charAt(0).toUpperCase() + type.slice(1);
  const key = choice ? name + suffix : name;
  return at < 0 ? { name: type, key } : { name: type, key, targets: text.slice(at + 1, -1).split(',') };
}
