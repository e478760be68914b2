import type { Constraint, StructureDefinition } from './source.ts';

export interface PlacedConstraint extends Constraint {
  /** The type or backbone element whose instances it is checked on, or the element of it. */
  readonly path: string;
}

/**
 * R4's invariants of severity error, each at the place where it is stated first. `ele-1`, which every element
 * repeats, is part of structure; constraints on an element of another type (`Organization.telecom`) keep its path.
 */
export function placedConstraints(structures: readonly StructureDefinition[]): PlacedConstraint[] {
  const own = new Map(
    structures.map((s) => [s.name, new Set(s.snapshot.element[0]?.constraint?.map(({ key }) => key))]),
  );
  const placed = new Map<string, PlacedConstraint>();
  for (const { name, snapshot, kind } of structures) {
    if (kind === 'primitive-type') continue;
    for (const element of snapshot.element) {
      const inherited = element.type?.map(({ code }) => own.get(code)) ?? [];
      for (const constraint of element.constraint ?? []) {
        if (constraint.severity !== 'error' || constraint.key === 'ele-1') continue;
        // A type's own constraints are repeated on every element of that type.
        if (inherited.some((keys) => keys?.has(constraint.key)) && element.path.includes('.')) continue;
        if (/^dom-/.test(constraint.key)) placed.set(constraint.key, { ...constraint, path: 'DomainResource' });
        else
          placed.set(`${constraint.key} ${name} ${element.path}`, { ...constraint, path: pathOf(element.path, name) });
      }
    }
  }
  return [...placed.values()].sort((a, b) => (a.path + a.key < b.path + b.key ? -1 : 1));
}

/** SimpleQuantity is a profile, whose elements are named for Quantity. */
const pathOf = (path: string, name: string): string =>
  name === 'SimpleQuantity' ? path.replace(/^Quantity/, name) : path;
