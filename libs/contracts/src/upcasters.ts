import type { Fact } from '@anamnesis/kernel';

/** Makes the next version of a stored event's data; pure, and total over every event of the version it starts from. */
export type UpcastStep = (stored: Fact) => Fact;

/** By type; the step at index 0 makes version 2 of version 1, the next one version 3 of version 2. */
export type UpcastSteps = Readonly<Record<string, readonly UpcastStep[]>>;

/** No stored shape has changed yet. */
const STEPS: UpcastSteps = {};

/** Brings a stored fact to today's shape by the steps given; one of an unknown or unchanged type passes as it is. */
export function upcasting(steps: UpcastSteps): (stored: Fact) => Fact {
  return (stored) => {
    const own = Object.hasOwn(steps, stored.type) ? steps[stored.type]! : [];
    let fact = stored;
    for (let version = stored.schema; version <= own.length; version += 1) {
      fact = { ...own[version - 1]!(fact), type: stored.type, schema: version + 1 };
    }
    return fact;
  };
}

export const upcast = upcasting(STEPS);
