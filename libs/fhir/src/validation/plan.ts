import { isResourceType } from '../model/resource-type.ts';
import { type Element, type ElementType, structureOf } from '../model/structure.ts';
import { type BoundCodes, boundCodes } from './bindings.ts';
import { type Invariant, invariantsAt } from './invariants.ts';
import { jsonTypeOf, type Predicate, PRIMITIVES } from './primitives.ts';

/** What one JSON property of a type may hold. */
export interface Slot {
  /** `primitive`, `complex`, any `resource`, the `extras` of a primitive (`_birthDate`), or the `name` of a resource. */
  readonly kind: 'primitive' | 'complex' | 'resource' | 'extras' | 'name';
  /** The element's name in FHIRPath. */
  readonly step: string;
  readonly list: boolean;
  /** Marks the element in the set of those seen; 0 when nobody asks for it. */
  readonly bit: number;
  readonly choice: boolean;
  /** Of a primitive that repeats: the property that holds its extensions, and back. */
  readonly partner: string;
  readonly type: string;
  readonly accepts: Predicate;
  readonly jsonType: string;
  readonly bound: BoundCodes | undefined;
  readonly targets: ReadonlySet<string> | undefined;
  /** Whether `#x` in it refers to a contained resource. */
  readonly local: boolean;
  readonly invariants: readonly Invariant[];
  /** The plan of a complex type; made when first needed, for types contain one another. */
  plan: Plan | undefined;
}

/** How the instances of one type are validated. */
export interface Plan {
  readonly type: string;
  readonly isResource: boolean;
  readonly slots: ReadonlyMap<string, Slot>;
  readonly required: number;
  readonly elements: readonly { readonly element: Element; readonly bit: number }[];
  readonly invariants: readonly Invariant[];
}

const plans = new Map<string, Plan>();
const LOCAL = new Set(['uri', 'url', 'canonical']);
const ANY: Predicate = () => true;

/** The plan of a data type, resource type or backbone element. Some tens of microseconds at its first use. */
export function planOf(type: string): Plan | undefined {
  const known = plans.get(type);
  if (known !== undefined) return known;
  const structure = structureOf(type);
  if (structure === undefined) return undefined;
  const slots = new Map<string, Slot>();
  const isResource = isResourceType(type);
  const elements: { element: Element; bit: number }[] = [];
  let next = 1;
  for (const element of structure.elements) {
    const bit = element.required || element.choice ? next : 0;
    if (bit !== 0) {
      elements.push({ element, bit });
      next *= 2;
    }
    for (const elementType of element.types) addSlots(slots, element, elementType, bit, type);
  }
  if (isResource) slots.set('resourceType', slot({ kind: 'name', step: 'resourceType' }));
  const required = elements.filter(({ element }) => element.required).reduce((sum, { bit }) => sum | bit, 0);
  const invariants = [...invariantsAt(type), ...(slots.has('contained') ? invariantsAt('DomainResource') : [])];
  const plan: Plan = { type, isResource, slots, required, elements, invariants };
  plans.set(type, plan);
  return plan;
}

const BLANK: Slot = {
  kind: 'complex',
  step: '',
  list: false,
  bit: 0,
  choice: false,
  partner: '',
  type: '',
  accepts: ANY,
  jsonType: '',
  bound: undefined,
  targets: undefined,
  local: false,
  invariants: [],
  plan: undefined,
};

/** All slots have one shape, so that the walk stays fast. */
const slot = (of: Partial<Slot>): Slot => ({ ...BLANK, ...of });

function addSlots(slots: Map<string, Slot>, element: Element, type: ElementType, bit: number, parent: string): void {
  const { key, name, targets } = type;
  const { list, choice } = element;
  const common = { step: element.name, list, bit, choice, type: name };
  const invariants = invariantsAt(`${parent}.${element.name}${choice ? '[x]' : ''}`);
  const accepts = PRIMITIVES[name];
  const bound = element.binding === undefined ? undefined : { bound: boundCodes(element.binding) };
  const stated = name === `${parent}.${element.name}` ? [] : invariants; // a backbone's own are its plan's
  if (accepts === undefined) {
    const kind = name === 'Resource' ? 'resource' : 'complex';
    const limited = targets === undefined ? {} : { targets: new Set(targets) };
    slots.set(key, slot({ ...common, kind, invariants: stated, ...bound, ...limited }));
    return;
  }
  const jsonType = jsonTypeOf(name);
  const local = LOCAL.has(name) || (parent === 'Reference' && key === 'reference');
  slots.set(
    key,
    slot({ ...common, kind: 'primitive', partner: `_${key}`, accepts, jsonType, local, invariants: stated, ...bound }),
  );
  // The id of an element and of a resource carries no extensions in JSON.
  if (key !== 'id') slots.set(`_${key}`, slot({ ...common, kind: 'extras', partner: key, type: 'Element' }));
}
